#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "torc/base/strings.hpp"

// Text of others (names, reports of workers, answers of servers, output of jobs) in a form that no terminal acts upon.
//
// What is not shown as it is becomes an escape. The notation is that of C++ literals:
//   \xNN        a control character below U+0080, or a byte that belongs to no well-formed UTF-8 sequence
//   \uNNNN      a code point from U+0080 to U+FFFF
//   \UNNNNNNNN  a code point beyond
// A backslash stays one, so the form is for people and cannot be turned back.
//
// What is escaped, and the source of each rule:
// - control characters but newline and tab: C0, DEL, C1 (general category Cc; ECMA-48 has their effects, U+009B is as
//   good as ESC [). "\r\n" becomes "\n"; any other carriage return is escaped, as it lets text overwrite text;
// - characters that change the direction of text: property Bidi_Control of the Unicode Character Database (U+061C,
//   U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069; UAX #9, UTR #36 "Bidirectional Text Spoofing");
// - the line and paragraph separators U+2028 and U+2029 (categories Zl and Zp);
// - format characters that show nothing, so that different names would look alike: those of category Cf that have
//   Default_Ignorable_Code_Point (soft hyphen, zero width space, word joiner, BOM, tags), and U+FFF9 to U+FFFB.
//   U+200C and U+200D stay: Persian, Indic scripts and emoji need them. Variation selectors and combining marks stay;
// - noncharacters: U+FDD0 to U+FDEF, and the last two code points of each plane (Unicode Standard, section 23.7);
// - ill-formed UTF-8, which includes overlong forms, surrogates and what lies beyond U+10FFFF (Unicode Standard,
//   section 3.9, table 3-7): each byte by itself.
namespace torc::base {

// `printable` itself is declared in strings.hpp. The form of a printable text is the text itself.

/// The printable form on one line: newlines and tabs become "\n" and "\t" in two characters each.
std::string printable_line(std::string_view text);

/// The columns of a terminal that `text`, which is printable, takes: two for wide characters, none for combining ones.
/// As wcwidth(3) of the C library has it; one for a character that it does not know.
std::size_t columns_of(std::string_view text);

/// As much of `text`, which is printable, as fits into so many columns.
std::string_view cut_to_columns(std::string_view text, std::size_t columns);

/// The printable form of a stream that comes in pieces: a UTF-8 sequence or a "\r\n" may be cut anywhere.
class PrintableStream {
 public:
  /// The printable form of what is complete by now.
  std::string add(std::string_view bytes);
  /// The printable form of what was held back, at the end of the stream.
  std::string finish();

 private:
  std::string m_held;  ///< The beginning of a sequence that may go on: less than four bytes.
};

/// A JSON text with \u escapes instead of what `printable` escapes, DEL among it: the same JSON, in a form that no
/// terminal acts upon.
/// @param json  A valid JSON text in UTF-8; its line ends stay.
std::string printable_json(std::string_view json);

/// A code point at the beginning of a text.
struct CodePoint {
  enum class State {
    good,
    bad,         ///< The first byte begins no well-formed sequence that goes on as this text does.
    incomplete,  ///< The text ends within what may be a well-formed sequence.
  };
  State state{State::bad};
  char32_t value{0};      ///< If `good`.
  std::size_t length{1};  ///< Bytes of it; 1 if `bad`.
};

/// Decodes what begins a text that is not empty.
CodePoint decode_utf8(std::string_view text);

}  // namespace torc::base
