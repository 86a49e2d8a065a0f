#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace torc::base {

/// Parses an ISO 8601 duration of weeks, days, hours, minutes and seconds ("PT10M", "P1DT2H", "PT0.5S"). No value for
/// any other text. Years and months are refused, because they have no fixed length.
std::optional<std::chrono::milliseconds> parse_iso_duration(std::string_view text);

/// The shortest ISO 8601 text of whole seconds: "PT1H", "P1DT30M", "PT0S".
std::string format_iso_duration(std::chrono::seconds duration);

/// Formats a duration for people: "0.4 s", "12 s", "3 min 5 s", "2 h 10 min".
std::string format_duration(std::chrono::milliseconds duration);

/// Parses memory as in workflow files: digits and one of k, m, g, t (powers of 1024; none: bytes), in any case. No
/// value for any other text, or beyond 64 bits.
std::optional<std::int64_t> parse_memory(std::string_view text);

/// Formats bytes for people: "512 B", "1.5 MiB".
std::string format_bytes(std::int64_t bytes);

/// The current time in UTC as RFC 3339 with milliseconds: "2026-01-02T03:04:05.678Z".
std::string timestamp_now();

/// Formats a point in time as RFC 3339.
std::string format_timestamp(std::chrono::system_clock::time_point when);

/// Parses RFC 3339 ("Z" or an offset, fraction optional).
std::optional<std::chrono::system_clock::time_point> parse_timestamp(std::string_view text);

/// Milliseconds since 1970, UTC.
std::int64_t unix_millis_now();

}  // namespace torc::base
