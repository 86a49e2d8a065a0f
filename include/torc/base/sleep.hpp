#pragma once

#include <chrono>
#include <stop_token>

namespace torc::base {

/// Sleeps until `until` or until `stop` is requested. @returns false if it was requested
bool sleep_unless_stopped(std::chrono::steady_clock::time_point until, const std::stop_token& stop);

}  // namespace torc::base
