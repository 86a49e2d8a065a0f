#pragma once

#include <chrono>
#include <mutex>
#include <stop_token>

namespace torc::remote {

/// Keeps the starts of connections apart: an sshd lets in only so many at once that have not logged in yet
/// (MaxStartups).
///
/// Thread-safety: the threads of a fan-out share one.
class ConnectPace {
 public:
  using Clock = std::chrono::steady_clock;

  /// Waits for this caller's turn; who comes first starts first.
  /// @param delay  At least so long between this start and the next; zero: none waits.
  /// @returns false where `stop` was requested before
  bool wait(std::chrono::milliseconds delay, const std::stop_token& stop);

 private:
  std::mutex m_mutex{};
  Clock::time_point m_next{};  ///< Under m_mutex: when the next connection may start.
};

}  // namespace torc::remote
