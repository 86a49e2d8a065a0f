#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "torc/base/strings.hpp"

// Untrusted text (names, reports of workers, answers of servers, output of jobs) in a form that is safe for terminals.
//
// Unsafe characters become escapes, in the notation of C++ literals:
//   \xNN        a control character below U+0080, or a byte that is not part of well-formed UTF-8
//   \uNNNN      a code point from U+0080 to U+FFFF
//   \UNNNNNNNN  a code point above U+FFFF
// A backslash is not escaped, so the original text cannot be recovered from this form.
//
// What is escaped, and the source of each rule:
// - control characters except newline and tab: C0, DEL, C1 (general category Cc; ECMA-48 describes their effects,
//   U+009B is equivalent to ESC [). "\r\n" becomes "\n"; any other carriage return is escaped, because it overwrites
//   text;
// - characters that change the direction of text: property Bidi_Control of the Unicode Character Database (U+061C,
//   U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069; UAX #9, UTR #36 "Bidirectional Text Spoofing");
// - the line and paragraph separators U+2028 and U+2029 (categories Zl and Zp);
// - invisible format characters, which could make different names look alike: those of category Cf with the property
//   Default_Ignorable_Code_Point (soft hyphen, zero width space, word joiner, BOM, tags), and U+FFF9 to U+FFFB.
//   U+200C and U+200D are kept, because Persian, Indic scripts and emoji need them, and so are variation selectors and
//   combining marks;
// - noncharacters: U+FDD0 to U+FDEF, and the last two code points of each plane (Unicode Standard, section 23.7);
// - ill-formed UTF-8, which includes overlong forms, surrogates and values above U+10FFFF (Unicode Standard,
//   section 3.9, table 3-7): each byte separately.
namespace torc::base {

// `printable` is declared in strings.hpp. It is idempotent.

/// The printable form on one line: newlines and tabs become the two characters "\n" and "\t".
std::string printable_line(std::string_view text);

/// The number of terminal columns of a printable `text`: two for wide characters, zero for combining ones, according to
/// wcwidth(3); one for characters that it does not know.
std::size_t columns_of(std::string_view text);

/// The beginning of a printable `text` that fits into `columns`.
std::string_view cut_to_columns(std::string_view text, std::size_t columns);

/// The printable form of a stream that arrives in pieces, which may split UTF-8 sequences and "\r\n".
class PrintableStream {
 public:
  /// The printable form of the bytes that are complete now.
  std::string add(std::string_view bytes);
  /// Call this at the end of the stream. @returns the printable form of the remaining bytes
  std::string finish();

 private:
  std::string m_held;  ///< An incomplete sequence of less than four bytes.
};

/// Replaces the characters that `printable` escapes, including DEL, with \u escapes: the same JSON, in a form that is
/// safe for terminals.
/// @param json  A valid JSON text in UTF-8. Its line ends are kept.
std::string printable_json(std::string_view json);

/// A code point at the beginning of a text.
struct CodePoint {
  enum class State {
    good,
    bad,         ///< The text does not begin with a well-formed sequence.
    incomplete,  ///< The text ends within a sequence that is well-formed so far.
  };
  State state{State::bad};
  char32_t value{0};      ///< If `good`.
  std::size_t length{1};  ///< Its length in bytes; 1 if `bad`.
};

/// Decodes the first code point of a text, which must not be empty.
CodePoint decode_utf8(std::string_view text);

}  // namespace torc::base
