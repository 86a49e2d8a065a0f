#include "workflow_file/read_json5.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "workflow_file/json5_text.hpp"
#include "workflow_file/tree_builder.hpp"

namespace torc::workflow_file {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void append_utf8(unsigned code, std::string& text) {
  const auto byte = [&](unsigned value) { text.push_back(static_cast<char>(value)); };
  if (code < 0x80U) {
    byte(code);
  } else if (code < 0x800U) {
    byte(0xC0U | (code >> 6U));
    byte(0x80U | (code & 0x3FU));
  } else if (code < 0x10000U) {
    byte(0xE0U | (code >> 12U));
    byte(0x80U | ((code >> 6U) & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  } else {
    byte(0xF0U | (code >> 18U));
    byte(0x80U | ((code >> 12U) & 0x3FU));
    byte(0x80U | ((code >> 6U) & 0x3FU));
    byte(0x80U | (code & 0x3FU));
  }
}

/// The character for a backslash and this letter; std::nullopt if it is the letter itself, or if more characters belong
/// to the escape.
std::optional<char> simple_escape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    default:
      return std::nullopt;
  }
}

/// A recursive descent parser. The builder limits the depth of nesting, and thus of the recursion.
class Json5Reader {
 public:
  Json5Reader(Document& document, std::string_view text) : m_builder(document), m_text(text, document.name) {}

  void read() {
    read_value();
    m_text.skip_blanks();
    if (!m_text.at_end()) {
      m_text.fail(fmt::format("expected the end of the file, found {}", next_shown()));
    }
  }

 private:
  void read_value();
  void read_map();
  void read_list();
  void read_number();
  bool read_hex(const std::string& sign);
  std::string read_key();
  std::string read_name();
  std::string read_string();
  void read_escape(std::string& text);
  unsigned read_unicode_escape();
  std::string read_digits();
  /// Skips the separator after a member. @returns whether another member may follow
  bool read_separator(char end);
  bool at_name() const;
  std::string next_shown() const;

  TreeBuilder m_builder;
  Json5Text m_text;
};

std::string Json5Reader::next_shown() const {
  Json5Text rest = m_text;
  return rest.at_end() ? "the end of the file" : fmt::format("'{}'", shown(rest.take_character()));
}

void Json5Reader::read_value() {
  m_text.skip_blanks();
  const char next = m_text.peek();
  if (next == '{') {
    read_map();
  } else if (next == '[') {
    read_list();
  } else if (next == '"' || next == '\'') {
    m_builder.add(Node::Kind::text, 0, read_string());
  } else if (is_digit(next) || next == '.' || next == '+' || next == '-') {
    read_number();
  } else if (at_name()) {
    const auto place = m_text.place();
    const std::string word = read_name();
    if (word == "true" || word == "false") {
      m_builder.add(Node::Kind::boolean, 0, word);
    } else if (word == "null") {
      m_builder.add(Node::Kind::null, 0);
    } else if (word == "Infinity" || word == "NaN") {
      m_text.fail_at(place, word + " is not allowed in a workflow");
    } else {
      m_text.fail_at(place, fmt::format("'{}' is not a value; a text needs quotes", shown(word)));
    }
  } else {
    m_text.fail(fmt::format("expected a value, found {}", next_shown()));
  }
}

bool Json5Reader::read_separator(char end) {
  m_text.skip_blanks();
  if (!m_text.take(",") && m_text.peek() != end) {
    m_text.fail(fmt::format("expected ',' or '{}', found {}", end, next_shown()));
  }
  m_text.skip_blanks();
  return m_text.peek() != end;
}

void Json5Reader::read_map() {
  m_builder.add(Node::Kind::map, 0);
  m_text.skip(1);
  m_text.skip_blanks();
  for (bool more = m_text.peek() != '}'; more; more = read_separator('}')) {
    m_builder.key(read_key(), 0);
    m_text.skip_blanks();
    if (!m_text.take(":")) {
      m_text.fail(fmt::format("expected ':' after the key, found {}", next_shown()));
    }
    read_value();
  }
  m_text.skip(1);
  m_builder.close();
}

void Json5Reader::read_list() {
  m_builder.add(Node::Kind::list, 0);
  m_text.skip(1);
  m_text.skip_blanks();
  for (bool more = m_text.peek() != ']'; more; more = read_separator(']')) {
    read_value();
  }
  m_text.skip(1);
  m_builder.close();
}

bool Json5Reader::read_hex(const std::string& sign) {
  if (!m_text.take("0x") && !m_text.take("0X")) {
    return false;
  }
  const auto start = m_text.place();
  while (is_digit(m_text.peek()) || is_letter(m_text.peek())) {
    m_text.skip(1);
  }
  const auto hex = m_text.since(start);
  std::int64_t number = 0;
  const auto result = std::from_chars(hex.data(), hex.data() + hex.size(), number, 16);
  if (result.ec == std::errc::result_out_of_range) {
    m_text.fail_at(start, "the number is too large");
  }
  if (hex.empty() || result.ptr != hex.data() + hex.size()) {
    m_text.fail_at(start, "expected hexadecimal digits");
  }
  m_builder.add(Node::Kind::integer, 0, (number == 0 ? "" : sign) + std::to_string(number));
  return true;
}

std::string Json5Reader::read_digits() {
  const auto start = m_text.place();
  while (is_digit(m_text.peek())) {
    m_text.skip(1);
  }
  return std::string(m_text.since(start));
}

/// Adds the number in the form of JSON: with digits on both sides of the point, without a leading plus.
void Json5Reader::read_number() {
  const auto start = m_text.place();
  const std::string sign = m_text.take("-") ? "-" : "";
  if (sign.empty()) {
    m_text.take("+");
  }
  if (at_name()) {
    m_text.fail_at(start, fmt::format("'{}{}' is not allowed in a workflow", sign, shown(read_name())));
  }
  if (read_hex(sign)) {
    return;
  }
  const std::string whole = read_digits();
  const bool has_point = m_text.take(".");
  const std::string fraction = has_point ? read_digits() : "";
  std::string exponent;
  if ((!whole.empty() || !fraction.empty()) && (m_text.take("e") || m_text.take("E"))) {
    exponent = m_text.take("-") ? "e-" : m_text.take("+") ? "e+" : "e";
    if (!is_digit(m_text.peek())) {
      m_text.fail("expected the digits of an exponent");
    }
    exponent += read_digits();
  }
  const bool has_digits = !whole.empty() || !fraction.empty();
  if (!has_digits || (whole.size() > 1 && whole.front() == '0') || at_name()) {
    m_text.fail_at(start, has_digits && !at_name() ? "a number must not begin with 0" : "invalid number");
  }
  std::string text = sign + (whole.empty() ? "0" : whole);
  std::int64_t number = 0;
  const bool is_integer = !has_point && exponent.empty() &&
                          std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
  if (is_integer) {
    m_builder.add(Node::Kind::integer, 0, std::to_string(number));
    return;
  }
  if (has_point) {
    text += "." + (fraction.empty() ? "0" : fraction);
  }
  m_builder.add(Node::Kind::real, 0, text + exponent);
}

bool Json5Reader::at_name() const {
  const char next = m_text.peek();
  const bool is_wide = static_cast<unsigned char>(next) >= 0x80U && !m_text.at_wide_blank();
  return is_letter(next) || next == '_' || next == '$' || next == '\\' || is_wide;
}

std::string Json5Reader::read_key() {
  const char next = m_text.peek();
  if (next == '"' || next == '\'') {
    return read_string();
  }
  if (!at_name()) {
    m_text.fail(fmt::format("expected a key, found {}", next_shown()));
  }
  return read_name();
}

std::string Json5Reader::read_name() {
  std::string name;
  while (at_name() || is_digit(m_text.peek())) {
    if (m_text.take("\\")) {
      if (!m_text.take("u")) {
        m_text.fail("the only escape in a name is \\uHHHH");
      }
      append_utf8(read_unicode_escape(), name);
    } else {
      name += m_text.take_character();
    }
  }
  return name;
}

std::string Json5Reader::read_string() {
  const auto start = m_text.place();
  const char quote = m_text.peek();
  m_text.skip(1);
  std::string text;
  for (;;) {
    const char next = m_text.peek();
    if (m_text.at_end() || next == '\n' || next == '\r') {
      m_text.fail_at(start, "the text has no closing quote on its line");
    }
    if (next == quote) {
      m_text.skip(1);
      return text;
    }
    if (m_text.take("\\")) {
      read_escape(text);
    } else {
      text += m_text.take_character();
    }
  }
}

/// Reads an escape after its backslash.
void Json5Reader::read_escape(std::string& text) {
  if (m_text.at_end() || m_text.take_line_end()) {
    return;
  }
  const char next = m_text.peek();
  if (const auto simple = simple_escape(next)) {
    m_text.skip(1);
    text += *simple;
  } else if (m_text.take("u")) {
    append_utf8(read_unicode_escape(), text);
  } else if (m_text.take("x")) {
    append_utf8(m_text.take_hex_digits(2), text);
  } else if (next == '0' && !is_digit(m_text.peek(1))) {
    m_text.skip(1);
    text += '\0';
  } else if (is_digit(next)) {
    m_text.fail("a digit cannot be escaped");
  } else {
    text += m_text.take_character();
  }
}

/// Reads the code after "\u", or two codes if they form one character.
unsigned Json5Reader::read_unicode_escape() {
  const auto start = m_text.place();
  const unsigned first = m_text.take_hex_digits(4);
  if (first < 0xD800U || first > 0xDFFFU) {
    return first;
  }
  if (first < 0xDC00U && m_text.take("\\u")) {
    const unsigned second = m_text.take_hex_digits(4);
    if (second >= 0xDC00U && second <= 0xDFFFU) {
      return 0x10000U + ((first - 0xD800U) << 10U) + (second - 0xDC00U);
    }
  }
  m_text.fail_at(start, "half of a surrogate pair is not a character");
}

}  // namespace

Document read_json5(std::string_view text, const std::string& name) {
  Document document{.name = name, .is_json = true};
  Json5Reader(document, text).read();
  return document;
}

}  // namespace torc::workflow_file
