#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <vector>

namespace torc::net {

/// How long requests may wait for a response if that depends on events during the request. By default only the client's
/// own limits apply.
struct WaitLimit {
  using Clock = std::chrono::steady_clock;

  /// Called by the thread of the request while it waits: returns how much longer a request that began at `began` may
  /// wait before the function is called again. Zero or less: the request is given up, as if there were no response.
  std::function<std::chrono::milliseconds(Clock::time_point began)> left{};
  /// When one of these tokens is triggered, `left` is called at once.
  std::vector<std::stop_token> wake{};
};

}  // namespace torc::net
