#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace torc::workflow_file {

/// A JSON5 text and a position in it, with functions that read the parts of tokens.
class Json5Text {
 public:
  Json5Text(std::string_view text, const std::string& name) : m_text(text), m_name(name) {}

  bool at_end() const { return m_at == m_text.size(); }
  /// The next byte; NUL at the end (the text itself contains no NUL).
  char peek(std::size_t ahead = 0) const { return m_at + ahead < m_text.size() ? m_text[m_at + ahead] : '\0'; }
  std::size_t place() const { return m_at; }
  std::string_view since(std::size_t place) const { return m_text.substr(place, m_at - place); }
  void skip(std::size_t bytes) { m_at += bytes; }
  /// Skips the token if it is next.
  bool take(std::string_view token);

  /// Skips white space and comments.
  void skip_blanks();
  /// Takes the next character, of one byte or more.
  std::string_view take_character();
  /// Skips the end of a line (LF, CR, CR LF, or a separator of Unicode) if it is next.
  bool take_line_end();
  /// Whether non-ASCII white space is next.
  bool at_wide_blank() const { return wide_blank() > 0; }
  /// Takes the number of "\xHH" or "\uHHHH".
  unsigned take_hex_digits(int count);

  /// @throws base::Error "FILE:LINE:COLUMN: invalid JSON5: MESSAGE"
  [[noreturn]] void fail(std::string_view message) const { fail_at(m_at, message); }
  [[noreturn]] void fail_at(std::size_t place, std::string_view message) const;

 private:
  std::size_t wide_blank() const;
  void skip_block_comment();

  std::string_view m_text;
  const std::string& m_name;
  std::size_t m_at{0};
};

}  // namespace torc::workflow_file
