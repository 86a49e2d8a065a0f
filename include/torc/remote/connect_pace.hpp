#pragma once

#include <chrono>
#include <mutex>
#include <stop_token>

namespace torc::remote {

/// Spaces out the starts of connections, because sshd limits the number of connections that have not logged in yet
/// (MaxStartups).
///
/// Thread-safe: the threads of a fan-out share one object.
class ConnectPace {
 public:
  using Clock = std::chrono::steady_clock;

  /// Waits for the caller's turn; callers proceed in the order in which they called.
  /// @param delay  Minimum time between this start and the next one; with zero, the call does not wait.
  /// @returns false if `stop` was requested before the turn came
  bool wait(std::chrono::milliseconds delay, const std::stop_token& stop);

 private:
  std::mutex m_mutex{};
  Clock::time_point m_next{};  ///< Under m_mutex: when the next connection may start.
};

}  // namespace torc::remote
