#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torc::base {

/// `text` without white space at both ends.
std::string_view trim(std::string_view text);

/// `text` without a UTF-8 byte order mark at its front, which editors of Windows write.
std::string_view without_byte_order_mark(std::string_view text);

/// Splits at every `separator`; empty parts are kept, "" gives one empty part.
std::vector<std::string> split(std::string_view text, char separator);

/// Lines without their "\n" or "\r\n"; a last line without newline counts.
std::vector<std::string> split_lines(std::string_view text);

std::string join(const std::vector<std::string>& parts, std::string_view separator);

std::string to_lower(std::string_view text);

/// Every occurrence of `from` (not empty) replaced by `to`.
std::string replace_all(std::string_view text, std::string_view from, std::string_view to);

/// The whole of `text` as a decimal number; nothing for an empty text, a sign alone, trailing bytes or overflow.
std::optional<std::int64_t> parse_int(std::string_view text);

/// The whole of `text` as a finite number.
std::optional<double> parse_double(std::string_view text);

/// The number of single-character changes between two words; for "did you mean".
std::size_t edit_distance(std::string_view left, std::string_view right);

/// The candidate closest to `word`, if one is close enough to be meant.
std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& candidates);

/// `text` made safe to show on a terminal, for bytes that came from a file, a worker or the network: see printable.hpp
/// for what is escaped and how. Newlines and tabs stay.
std::string printable(std::string_view text);

/// How many bytes at the front of `text` are valid UTF-8; all of them where it is. Overlong forms, surrogates and what
/// lies beyond U+10FFFF are not valid.
std::size_t valid_utf8_prefix(std::string_view text);

/// The first 64 bits of FNV-1a over `text`: spreads names, protects nothing.
std::uint64_t hash64(std::string_view text);

/// `value` as lower-case hex digits, `digits` of them (the lowest).
std::string to_hex(std::uint64_t value, int digits);

}  // namespace torc::base
