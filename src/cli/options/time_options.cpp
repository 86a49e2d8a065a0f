#include "cli/options/time_options.hpp"

#include <algorithm>

#include "torc/base/error.hpp"
#include "torc/base/units.hpp"

namespace torc::cli {

std::vector<OptionInfo> time_options(TimeOptions& times) {
  return {
      {.names = "--time-limit",
       .target = &times.time_limit,
       .value = "DURATION",
       .help = "Stop after this time and requeue unfinished jobs (ISO 8601: PT1H, PT30M)"},
      {.names = "--end-time",
       .target = &times.end_time,
       .value = "TIME",
       .help = "Stop at this time and requeue unfinished jobs (2026-03-14T15:00:00Z)"},
      {.names = "--idle-timeout",
       .target = &times.idle_seconds,
       .value = "SECONDS",
       .range = Range{1, 100'000'000},
       .help = "Stop after this long without a job to claim (runners of 'torc remote run' by default stay until the "
               "workflow ends)"}};
}

std::optional<std::chrono::seconds> time_left(const TimeOptions& times) {
  std::optional<std::chrono::seconds> left;
  if (!times.time_limit.empty()) {
    const auto limit = base::parse_iso_duration(times.time_limit);
    if (!limit || limit->count() <= 0) {
      throw base::UsageError("--time-limit: '" + times.time_limit +
                             "' is not a valid ISO 8601 duration (expected e.g. PT1H)");
    }
    left = std::chrono::ceil<std::chrono::seconds>(*limit);
  }
  if (!times.end_time.empty()) {
    const auto end = base::parse_timestamp(times.end_time);
    if (!end) {
      throw base::UsageError("--end-time: '" + times.end_time +
                             "' is not a valid time (expected e.g. 2026-03-14T15:00:00Z)");
    }
    const auto until = std::chrono::ceil<std::chrono::seconds>(*end - std::chrono::system_clock::now());
    if (until.count() <= 0) {
      throw base::UsageError("--end-time: " + times.end_time + " has passed");
    }
    left = left ? std::min(*left, until) : until;
  }
  // The clock counts nanoseconds in 64 bits, so a time limit of centuries would overflow.
  constexpr std::chrono::hours k_century{24 * 36'525};
  return left ? std::optional(std::min<std::chrono::seconds>(*left, k_century)) : std::nullopt;
}

std::optional<std::chrono::seconds> idle_timeout(const TimeOptions& times) {
  return times.idle_seconds ? std::optional(std::chrono::seconds(*times.idle_seconds)) : std::nullopt;
}

TimeOptions with_fixed_end(const TimeOptions& times) {
  TimeOptions fixed{.idle_seconds = times.idle_seconds};
  if (const auto left = time_left(times)) {
    fixed.end_time = base::format_timestamp(std::chrono::system_clock::now() + *left);
  }
  return fixed;
}

std::vector<std::string> words_of(const TimeOptions& times) {
  std::vector<std::string> words;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) {
      words.insert(words.end(), {name, value});
    }
  };
  add("--time-limit", times.time_limit);
  add("--end-time", times.end_time);
  add("--idle-timeout", times.idle_seconds ? std::to_string(*times.idle_seconds) : "");
  return words;
}

}  // namespace torc::cli
