#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "spec/node.hpp"
#include "spec/pattern.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::spec {
namespace {

constexpr std::size_t k_max_instructions = 20'000;
constexpr int k_max_groups_deep = 50;

template <typename ByteSet, typename Predicate>
ByteSet bytes_where(Predicate predicate) {
  ByteSet set;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    set[byte] = predicate(static_cast<unsigned char>(byte));
  }
  return set;
}

bool is_digit(unsigned char c) {
  return c >= '0' && c <= '9';
}

bool is_lower(unsigned char c) {
  return c >= 'a' && c <= 'z';
}

bool is_upper(unsigned char c) {
  return c >= 'A' && c <= 'Z';
}

bool is_space(unsigned char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_word(unsigned char c) {
  return is_digit(c) || is_lower(c) || is_upper(c) || c == '_';
}

/// The control character an escape letter stands for, or the sign itself; nothing for other letters and digits.
std::optional<unsigned char> escaped_literal(char c) {
  constexpr std::string_view k_letters = "ntrfva";
  constexpr std::string_view k_controls = "\n\t\r\f\v\a";
  if (const auto found = k_letters.find(c); found != std::string_view::npos) {
    return static_cast<unsigned char>(k_controls[found]);
  }
  const auto byte = static_cast<unsigned char>(c);
  return is_digit(byte) || is_lower(byte) || is_upper(byte) ? std::nullopt : std::optional(byte);
}

}  // namespace

/// Reads an expression by recursive descent and writes the machine's program as it goes: each function appends the
/// instructions of what it reads, all of which leave through the instruction behind the last one.
class PatternParser {
 public:
  PatternParser(std::string_view text, Pattern& pattern) : m_text(text), m_pattern(pattern) {}

  void parse() {
    alternatives();
    if (!at_end()) {
      fail("')' without '('");
    }
    append({.op = Pattern::Op::accept});
  }

 private:
  using Op = Pattern::Op;
  using ByteSet = Pattern::ByteSet;
  using Instruction = Pattern::Instruction;

  struct Flags {
    bool ignore_case{false};
    bool dot_takes_newline{false};
  };

  [[noreturn]] void fail(std::string_view why) const {
    throw base::Error(fmt::format("'{}' is no valid regular expression: {}", shown(m_text), why));
  }

  bool at_end() const { return m_at == m_text.size(); }
  char peek() const { return at_end() ? '\0' : m_text[m_at]; }

  bool take(std::string_view expected) {
    const bool there = m_text.substr(m_at).starts_with(expected);
    m_at += there ? expected.size() : 0;
    return there;
  }

  std::uint32_t here() const { return static_cast<std::uint32_t>(m_pattern.m_program.size()); }

  std::uint32_t append(Instruction instruction) {
    if (m_pattern.m_program.size() >= k_max_instructions) {
      fail("it is too large");
    }
    m_pattern.m_program.push_back(instruction);
    return here() - 1;
  }

  std::uint32_t append_simple(Op op) { return append({.op = op, .next = here() + 1}); }

  void append_set(const ByteSet& set) {
    m_pattern.m_sets.push_back(set);
    append({.op = Op::bytes, .set = static_cast<std::uint32_t>(m_pattern.m_sets.size() - 1), .next = here() + 1});
  }

  /// Moves the instructions from `start` on by one and puts `first` before them.
  void insert_before(std::uint32_t start, Instruction first) {
    append({});
    auto& program = m_pattern.m_program;
    for (std::uint32_t i = here() - 1; i > start; --i) {
      program[i] = moved(program[i - 1], start, 1);
    }
    program[start] = first;
  }

  /// All targets of a part lie within it or right behind it.
  static Instruction moved(Instruction instruction, std::uint32_t start, std::uint32_t by) {
    instruction.next += instruction.next >= start ? by : 0;
    instruction.other += instruction.other >= start ? by : 0;
    return instruction;
  }

  void alternatives() {
    if (++m_depth > k_max_groups_deep) {
      fail("groups are nested too deep");
    }
    const Flags flags = m_flags;
    const std::uint32_t start = here();
    std::vector<std::uint32_t> exits;
    sequence();
    std::uint32_t branch = start;
    while (take("|")) {
      insert_before(branch, {.op = Op::split, .next = branch + 1});
      exits.push_back(append({.op = Op::jump}));
      m_pattern.m_program[branch].other = here();
      branch = here();
      sequence();
    }
    for (const std::uint32_t exit : exits) {
      m_pattern.m_program[exit].next = here();
    }
    m_flags = flags;
    --m_depth;
  }

  void sequence() {
    while (!at_end() && peek() != '|' && peek() != ')') {
      const std::uint32_t start = here();
      const bool repeatable = item();
      repetitions(start, repeatable);
    }
  }

  /// One literal, class, group or assertion. Returns whether it may be repeated.
  bool item() {
    const char c = m_text[m_at++];
    switch (c) {
      case '(':
        return group();
      case '[':
        append_set(cased(bracket()));
        return true;
      case '.':
        append_set(bytes_where<ByteSet>([&](auto byte) { return byte != '\n' || m_flags.dot_takes_newline; }));
        return true;
      case '^':
        append_simple(Op::text_start);
        return true;
      case '$':
        append_simple(Op::text_end);
        return true;
      case '\\':
        escape();
        return true;
      case '*':
      case '+':
      case '?':
      case '{':
        fail(fmt::format("nothing stands before '{}' to repeat", c));
      default:
        literal(c);
        return true;
    }
  }

  /// A character of several bytes is one item: `ö+` repeats it as a whole.
  void literal(char c) {
    ByteSet set;
    set[static_cast<unsigned char>(c)] = true;
    append_set(cased(set));
    while (static_cast<unsigned char>(c) >= 0x80 && !at_end() && (static_cast<unsigned char>(peek()) & 0xC0U) == 0x80) {
      ByteSet next;
      next[static_cast<unsigned char>(m_text[m_at++])] = true;
      append_set(next);
    }
  }

  bool group() {
    if (take("?P<") || take("?<")) {
      if (peek() == '=' || peek() == '!') {
        fail("look-behind is not supported");
      }
      const auto end = m_text.find('>', m_at);
      if (end == std::string_view::npos || end == m_at) {
        fail("a group has no name");
      }
      m_at = end + 1;
    } else if (take("?=") || take("?!")) {
      fail("look-ahead is not supported");
    } else if (take("?")) {
      return flag_group();
    }
    group_body();
    return true;
  }

  void group_body() {
    alternatives();
    if (!take(")")) {
      fail("a '(' is not closed");
    }
  }

  /// "(?i)" holds to the end of the group around it, "(?i:...)" within.
  bool flag_group() {
    const Flags outer = m_flags;
    bool on = true;
    while (!at_end() && peek() != ')' && peek() != ':') {
      const char flag = m_text[m_at++];
      if (flag == '-') {
        on = false;
      } else if (flag == 'i') {
        m_flags.ignore_case = on;
      } else if (flag == 's') {
        m_flags.dot_takes_newline = on;
      } else if (flag != 'u' && flag != 'U') {
        fail(fmt::format("the flag '{}' is not supported", flag));
      }
    }
    if (take(")")) {
      return false;
    }
    if (!take(":")) {
      fail("a '(' is not closed");
    }
    group_body();
    m_flags = outer;
    return true;
  }

  ByteSet cased(ByteSet set) const {
    if (m_flags.ignore_case) {
      for (unsigned char upper = 'A'; upper <= 'Z'; ++upper) {
        const auto lower = static_cast<unsigned char>(upper - 'A' + 'a');
        const bool either = set[upper] || set[lower];
        set[upper] = either;
        set[lower] = either;
      }
    }
    return set;
  }

  /// \d, \w, \s and their opposites.
  static std::optional<ByteSet> escape_class(char c) {
    switch (c) {
      case 'd':
        return bytes_where<ByteSet>(is_digit);
      case 'w':
        return bytes_where<ByteSet>(is_word);
      case 's':
        return bytes_where<ByteSet>(is_space);
      case 'D':
        return ~bytes_where<ByteSet>(is_digit);
      case 'W':
        return ~bytes_where<ByteSet>(is_word);
      case 'S':
        return ~bytes_where<ByteSet>(is_space);
      default:
        return std::nullopt;
    }
  }

  void escape() {
    if (at_end()) {
      fail("it ends with a backslash");
    }
    const char c = m_text[m_at++];
    if (const auto set = escape_class(c)) {
      append_set(*set);
    } else if (c == 'A') {
      append_simple(Op::text_start);
    } else if (c == 'z') {
      append_simple(Op::text_end);
    } else if (c == 'b') {
      append_simple(Op::word_edge);
    } else if (c == 'B') {
      append_simple(Op::no_word_edge);
    } else {
      literal(static_cast<char>(escaped_byte(c)));
    }
  }

  unsigned char escaped_byte(char c) {
    if (c == 'x' && m_at + 2 <= m_text.size()) {
      const std::string digits(m_text.substr(m_at, 2));
      if (digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos && digits[0] < '8') {
        m_at += 2;
        return static_cast<unsigned char>(std::stoi(digits, nullptr, 16));
      }
    }
    const auto byte = escaped_literal(c);
    if (!byte) {
      fail(fmt::format("the escape '\\{}' is not supported", c));
    }
    return *byte;
  }

  /// The rest of a class behind its '['.
  ByteSet bracket() {
    const bool negated = take("^");
    ByteSet set;
    bool first = true;
    while (first || peek() != ']') {
      if (at_end()) {
        fail("a '[' is not closed");
      }
      first = false;
      if (take("[:")) {
        set |= posix_class();
        continue;
      }
      if (peek() == '\\' && m_at + 1 < m_text.size()) {
        if (const auto shorthand = escape_class(m_text[m_at + 1])) {
          set |= *shorthand;
          m_at += 2;
          continue;
        }
      }
      const unsigned char low = class_byte();
      unsigned char high = low;
      if (peek() == '-' && m_at + 1 < m_text.size() && m_text[m_at + 1] != ']') {
        ++m_at;
        high = class_byte();
      }
      if (high < low) {
        fail("a range in a class runs backwards");
      }
      for (unsigned int byte = low; byte <= high; ++byte) {
        set[byte] = true;
      }
    }
    ++m_at;
    set = cased(set);
    return negated ? ~set : set;
  }

  unsigned char class_byte() {
    const char c = m_text[m_at++];
    if (c == '\\') {
      if (at_end()) {
        fail("a '[' is not closed");
      }
      return escaped_byte(m_text[m_at++]);
    }
    if (static_cast<unsigned char>(c) >= 0x80) {
      fail("classes hold ASCII characters only");
    }
    if (c == '[') {
      fail("a '[' in a class is written '\\['");
    }
    return static_cast<unsigned char>(c);
  }

  ByteSet posix_class() {
    const auto end = m_text.find(":]", m_at);
    const std::string_view name = m_text.substr(m_at, end == std::string_view::npos ? end : end - m_at);
    m_at = end == std::string_view::npos ? m_text.size() : end + 2;
    if (name == "alpha") {
      return bytes_where<ByteSet>([](auto c) { return is_lower(c) || is_upper(c); });
    }
    if (name == "alnum") {
      return bytes_where<ByteSet>([](auto c) { return is_lower(c) || is_upper(c) || is_digit(c); });
    }
    if (name == "digit") {
      return bytes_where<ByteSet>(is_digit);
    }
    if (name == "lower") {
      return bytes_where<ByteSet>(is_lower);
    }
    if (name == "upper") {
      return bytes_where<ByteSet>(is_upper);
    }
    if (name == "space") {
      return bytes_where<ByteSet>(is_space);
    }
    if (name == "word") {
      return bytes_where<ByteSet>(is_word);
    }
    fail(fmt::format("the class '[:{}:]' is not supported", shown(name)));
  }

  void repetitions(std::uint32_t start, bool repeatable) {
    for (;;) {
      if (peek() != '*' && peek() != '+' && peek() != '?' && peek() != '{') {
        return;
      }
      if (!repeatable || at_end()) {
        fail(fmt::format("nothing stands before '{}' to repeat", peek()));
      }
      const char c = m_text[m_at++];
      if (c == '{') {
        counted(start);
      } else {
        repeat(start, c == '+' ? 1 : 0, c == '?' ? 1 : -1);
      }
      take("?");  // lazy or not: the same texts match
    }
  }

  void counted(std::uint32_t start) {
    const auto end = m_text.find('}', m_at);
    if (end == std::string_view::npos) {
      fail("a '{' is not closed");
    }
    const std::string_view inside = m_text.substr(m_at, end - m_at);
    m_at = end + 1;
    const auto comma = inside.find(',');
    const auto low = base::parse_int(base::trim(inside.substr(0, comma)));
    auto high = low;
    if (comma != std::string_view::npos) {
      const std::string_view second = base::trim(inside.substr(comma + 1));
      high = second.empty() ? std::optional<std::int64_t>(-1) : base::parse_int(second);
    }
    if (!low || !high || *low < 0 || *low > 1000 || *high > 1000 || (*high >= 0 && *high < *low)) {
      fail(fmt::format("'{{{}}}' is no number of repetitions from 0 to 1000", shown(inside)));
    }
    repeat(start, static_cast<int>(*low), static_cast<int>(*high));
  }

  /// Repeats the part from `start` on; `high` -1 means without end.
  void repeat(std::uint32_t start, int low, int high) {
    const std::vector<Instruction> part(m_pattern.m_program.begin() + start, m_pattern.m_program.end());
    m_pattern.m_program.resize(start);
    for (int i = 0; i < low; ++i) {
      append_copy(part, start);
    }
    if (high < 0) {
      const std::uint32_t split = append({.op = Op::split});
      append_copy(part, start);
      append({.op = Op::jump, .next = split});
      m_pattern.m_program[split].next = split + 1;
      m_pattern.m_program[split].other = here();
    }
    for (int i = low; i < high; ++i) {
      const std::uint32_t split = append({.op = Op::split});
      append_copy(part, start);
      m_pattern.m_program[split].next = split + 1;
      m_pattern.m_program[split].other = here();
    }
  }

  void append_copy(const std::vector<Instruction>& part, std::uint32_t start) {
    const std::uint32_t by = here() - start;
    for (const Instruction& instruction : part) {
      append(moved(instruction, start, by));
    }
  }

  std::string_view m_text;
  Pattern& m_pattern;
  std::size_t m_at{0};
  int m_depth{0};
  Flags m_flags{};
};

Pattern::Pattern(std::string_view expression) {
  PatternParser(expression, *this).parse();
}

}  // namespace torc::spec
