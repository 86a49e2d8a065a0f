#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/parser/command_info.hpp"

namespace torc::cli {

/// How long a runner works, as given on the command line.
struct TimeOptions {
  std::string time_limit{};  ///< ISO 8601 duration; "": none.
  std::string end_time{};    ///< ISO 8601 point in time; "": none.
  std::optional<std::int64_t> idle_seconds{};
};

/// --time-limit, --end-time, --idle-timeout
std::vector<OptionInfo> time_options(TimeOptions& times);

/// The remaining time of --time-limit and --end-time, whichever ends first.
/// @throws UsageError if they are not valid
std::optional<std::chrono::seconds> time_left(const TimeOptions& times);

std::optional<std::chrono::seconds> idle_timeout(const TimeOptions& times);

/// Converts the limits to a point in time, for a runner that is started later.
/// @throws UsageError if they are not valid
TimeOptions with_fixed_end(const TimeOptions& times);

/// The same options for another `torc run`.
std::vector<std::string> words_of(const TimeOptions& times);

}  // namespace torc::cli
