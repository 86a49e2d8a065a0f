#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <vector>

namespace torc::net {

/// How long requests may wait for an answer, where that depends on what happens meanwhile. The default: as long as the
/// client's own limits allow.
struct Patience {
  using Clock = std::chrono::steady_clock;

  /// Asked by the thread that makes a request, while it waits: how much longer a request that began then may wait before
  /// this is asked again. Zero or less: it is given up, as if no answer had come.
  std::function<std::chrono::milliseconds(Clock::time_point began)> left{};
  /// A request of one of them makes `left` be asked at once.
  std::vector<std::stop_token> wake{};
};

}  // namespace torc::net
