#include "torc/base/units.hpp"

#include <cmath>
#include <cstdlib>
#include <ctime>
#include <limits>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "torc/base/strings.hpp"

namespace torc::base {
namespace {

/// Removes a number from the beginning of `text` and returns it: digits with at most one point, no sign, no exponent.
std::optional<double> take_number(std::string_view& text) {
  const auto end = text.find_first_not_of("0123456789.");
  const auto value = parse_double(text.substr(0, end));
  if (!value || end == std::string_view::npos) {
    return std::nullopt;
  }
  text.remove_prefix(end);
  return value;
}

/// Milliseconds of an ISO 8601 designator, 0 if it is not allowed in this part.
double designator_millis(char designator, bool in_time) {
  if (in_time) {
    switch (designator) {
      case 'H':
        return 3'600'000.0;
      case 'M':
        return 60'000.0;
      case 'S':
        return 1'000.0;
      default:
        return 0;
    }
  }
  return designator == 'W' ? 604'800'000.0 : designator == 'D' ? 86'400'000.0 : 0;
}

/// Parses "Z" or "+HH:MM" as seconds east of UTC.
std::optional<std::int64_t> parse_utc_offset(std::string_view text) {
  if (text == "Z") {
    return 0;
  }
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') {
    return std::nullopt;
  }
  const auto hours = parse_int(text.substr(1, 2));
  const auto minutes = parse_int(text.substr(4, 2));
  if (!hours || !minutes || *hours < 0 || *hours > 23 || *minutes < 0 || *minutes > 59) {
    return std::nullopt;
  }
  return (*hours * 60 + *minutes) * 60 * (text[0] == '-' ? -1 : 1);
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_iso_duration(std::string_view text) {
  if (!text.starts_with('P') || text.size() < 3) {
    return std::nullopt;
  }
  text.remove_prefix(1);
  bool in_time = false;
  double total = 0;
  while (!text.empty()) {
    if (text.front() == 'T') {
      text.remove_prefix(1);
      if (in_time || text.empty()) {
        return std::nullopt;
      }
      in_time = true;
      continue;
    }
    const auto number = take_number(text);
    if (!number) {
      return std::nullopt;
    }
    const double unit = designator_millis(text.front(), in_time);
    if (unit == 0) {
      return std::nullopt;
    }
    total += *number * unit;
    text.remove_prefix(1);
  }
  // Above 9e15 ms (285,000 years), a double is no longer exact to a millisecond.
  if (total > 9e15) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(std::llround(total));
}

std::string format_iso_duration(std::chrono::seconds duration) {
  auto rest = duration.count();
  const auto days = rest / 86'400;
  rest %= 86'400;
  std::string text = "P";
  if (days > 0) {
    text += fmt::format("{}D", days);
  }
  if (rest > 0 || days == 0) {
    text += 'T';
    if (rest / 3'600 > 0) {
      text += fmt::format("{}H", rest / 3'600);
    }
    if (rest % 3'600 / 60 > 0) {
      text += fmt::format("{}M", rest % 3'600 / 60);
    }
    if (rest % 60 > 0 || duration.count() == 0) {
      text += fmt::format("{}S", rest % 60);
    }
  }
  return text;
}

std::string format_duration(std::chrono::milliseconds duration) {
  const double seconds = static_cast<double>(duration.count()) / 1000.0;
  if (seconds < 10) {
    return fmt::format("{:.1f} s", seconds);
  }
  const auto whole = std::llround(seconds);
  if (whole < 60) {
    return fmt::format("{} s", whole);
  }
  if (whole < 3'600) {
    return fmt::format("{} min {} s", whole / 60, whole % 60);
  }
  return fmt::format("{} h {} min", whole / 3'600, whole % 3'600 / 60);
}

std::optional<std::int64_t> parse_memory(std::string_view text) {
  const std::string lower = to_lower(trim(text));
  const auto digits = lower.find_first_not_of("0123456789");
  const auto number = parse_int(std::string_view(lower).substr(0, digits));
  if (!number) {
    return std::nullopt;
  }
  int shift = 0;
  if (digits != std::string::npos) {
    const std::string unit = lower.substr(digits);
    const auto power = std::string_view("kmgt").find(unit.front());
    const bool known = unit.size() == 1 || unit.substr(1) == "b" || unit.substr(1) == "ib";
    if (unit != "b" && (power == std::string_view::npos || !known)) {
      return std::nullopt;
    }
    shift = unit == "b" ? 0 : 10 * (static_cast<int>(power) + 1);
  }
  if (*number > (INT64_MAX >> shift)) {
    return std::nullopt;
  }
  return *number << shift;
}

std::string format_bytes(std::int64_t bytes) {
  constexpr const char* k_units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (std::abs(value) >= 1024 && unit + 1 < std::size(k_units)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, k_units[unit]);
}

std::string format_timestamp(std::chrono::system_clock::time_point when) {
  // floor, so that milliseconds are positive before 1970, too.
  const auto second = std::chrono::floor<std::chrono::seconds>(when);
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(when - second).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03d}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(second)), millis);
}

std::string timestamp_now() {
  return format_timestamp(std::chrono::system_clock::now());
}

std::optional<std::chrono::system_clock::time_point> parse_timestamp(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  const char* rest = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) {
    return std::nullopt;
  }
  std::string_view tail(rest);
  double fraction = 0;
  if (tail.starts_with('.')) {
    const auto digits = tail.substr(1, tail.find_first_not_of("0123456789", 1) - 1);
    const auto value = parse_double("0." + std::string(digits));
    if (digits.empty() || !value) {
      return std::nullopt;
    }
    fraction = *value;
    tail.remove_prefix(1 + digits.size());
  }
  const auto offset = parse_utc_offset(tail);
  if (!offset) {
    return std::nullopt;
  }
  const std::int64_t seconds = ::timegm(&parts) - *offset;
  // 64-bit nanoseconds since 1970 overflow in 2262.
  constexpr std::int64_t k_last = std::numeric_limits<std::int64_t>::max() / 1'000'000'000 - 1;
  if (seconds > k_last || seconds < -k_last) {
    return std::nullopt;
  }
  return std::chrono::system_clock::time_point(
      std::chrono::milliseconds(seconds * 1000 + std::llround(fraction * 1000)));
}

std::int64_t unix_millis_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace torc::base
