#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torc::base {

/// `text` without white space at both ends.
std::string_view trim(std::string_view text);

/// `text` without a UTF-8 byte order mark at the beginning, which some Windows editors write.
std::string_view without_byte_order_mark(std::string_view text);

/// Splits at every `separator`; empty parts are kept, "" gives one empty part.
std::vector<std::string> split(std::string_view text, char separator);

/// Splits into lines, without "\n" or "\r\n". The last line need not end with a newline.
std::vector<std::string> split_lines(std::string_view text);

std::string join(const std::vector<std::string>& parts, std::string_view separator);
/// `counted(1, "job")` is "1 job", `counted(2, "job")` is "2 jobs".
std::string counted(std::int64_t count, std::string_view noun);

std::string to_lower(std::string_view text);

/// Replaces every occurrence of `from`, which must not be empty, with `to`.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

/// Parses all of `text` as a decimal number. No value for empty text, a sign alone, trailing bytes or overflow.
std::optional<std::int64_t> parse_int(std::string_view text);

/// Parses all of `text` as a finite number.
std::optional<double> parse_double(std::string_view text);

/// The number of single-character changes between two words; for "did you mean".
std::size_t edit_distance(std::string_view left, std::string_view right);

/// The candidate most similar to `word`, if one is similar enough to be a likely typing error.
std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& candidates);

/// Makes untrusted text, such as bytes from a file, a worker or the network, safe for terminals: see printable.hpp for
/// what is escaped and how. Newlines and tabs are kept.
std::string printable(std::string_view text);

/// The number of bytes at the beginning of `text` that are valid UTF-8. Overlong forms, surrogates and values above
/// U+10FFFF are invalid.
std::size_t valid_utf8_prefix(std::string_view text);

/// The 64-bit FNV-1a hash of `text`. Not cryptographic.
std::uint64_t hash64(std::string_view text);

/// The lowest `digits` hex digits of `value`, in lower case.
std::string to_hex(std::uint64_t value, int digits);

}  // namespace torc::base
