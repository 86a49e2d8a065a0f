#include "workflow_file/json5_text.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "torc/base/error.hpp"

namespace torc::workflow_file {
namespace {

// No-break space, byte order mark, line and paragraph separator, and the other spaces of Unicode (category Zs).
constexpr std::array<std::string_view, 19> k_wide_blanks{
    "\u00A0", "\uFEFF", "\u2028", "\u2029", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004",
    "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u202F", "\u205F", "\u3000"};
constexpr std::string_view k_blanks = " \t\n\r\v\f";

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// -1 if it is not a digit.
int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

bool Json5Text::take(std::string_view token) {
  const bool is_next = m_text.substr(m_at).starts_with(token);
  m_at += is_next ? token.size() : 0;
  return is_next;
}

std::size_t Json5Text::wide_blank() const {
  if (static_cast<unsigned char>(peek()) < 0x80U) {
    return 0;
  }
  for (const auto blank : k_wide_blanks) {
    if (m_text.substr(m_at).starts_with(blank)) {
      return blank.size();
    }
  }
  return 0;
}

void Json5Text::skip_blanks() {
  while (!at_end()) {
    if (const auto wide = wide_blank(); wide > 0 || k_blanks.find(peek()) != std::string_view::npos) {
      m_at += std::max<std::size_t>(wide, 1);
    } else if (peek() == '/' && peek(1) == '*') {
      skip_block_comment();
    } else if (peek() == '/' && peek(1) == '/') {
      while (!at_end() && !take_line_end()) {
        ++m_at;
      }
    } else {
      return;
    }
  }
}

void Json5Text::skip_block_comment() {
  const auto end = m_text.find("*/", m_at + 2);
  if (end == std::string_view::npos) {
    fail("the comment is not closed");
  }
  m_at = end + 2;
}

std::string_view Json5Text::take_character() {
  const auto start = m_at;
  do {
    ++m_at;
  } while (!at_end() && continues_character(peek()));
  return since(start);
}

bool Json5Text::take_line_end() {
  return take("\r\n") || take("\n") || take("\r") || take("\u2028") || take("\u2029");
}

unsigned Json5Text::take_hex_digits(int count) {
  unsigned number = 0;
  for (int i = 0; i < count; ++i, ++m_at) {
    const int digit = hex_value(peek());
    if (digit < 0) {
      fail(fmt::format("the escape requires {} hexadecimal digits", count));
    }
    number = number * 16U + static_cast<unsigned>(digit);
  }
  return number;
}

void Json5Text::fail_at(std::size_t place, std::string_view message) const {
  const auto before = m_text.substr(0, place);
  const auto line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto column = 1 + std::count_if(before.begin() + static_cast<std::ptrdiff_t>(line_start), before.end(),
                                        [](char byte) { return !continues_character(byte); });
  throw base::Error(fmt::format("{}:{}:{}: invalid JSON5: {}", m_name, line, column, message));
}

}  // namespace torc::workflow_file
