#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <stop_token>
#include <vector>

#include "torc/base/fd.hpp"

namespace torc::runner {

/// Sleeps until a child process ends, a stop is requested or a point in time is reached. Uses no CPU meanwhile.
///
/// Thread-safety: belongs to one thread; any thread may request a stop.
class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;

  /// @throws SystemError
  EventLoop();

  /// A request of this stop wakes the loop once. After that, the caller has to check the token.
  void wake_on(const std::stop_token& stop);

  /// Wakes the loop once. Callable from any thread.
  void wake() const { Wake{m_wake.get()}(); }

  /// Watches for the end of a child (`Child::end_fd`) until the descriptor is closed. `key` identifies the child.
  /// @throws SystemError
  void watch(int end_fd, std::int64_t key);

  /// Waits until something happens or `until` is reached.
  /// @returns the keys of children that have ended. A key is returned by each call until its child is reaped.
  std::vector<std::int64_t> wait(Clock::time_point until);

 private:
  struct Wake {
    int fd;
    void operator()() const noexcept;
  };

  void set_timer(Clock::time_point until);

  base::Fd m_epoll;
  base::Fd m_wake;
  base::Fd m_timer;
  Clock::time_point m_timer_at{};                 ///< Current setting of the timer.
  std::list<std::stop_callback<Wake>> m_on_stop;  ///< A list, because callbacks cannot be moved.
};

}  // namespace torc::runner
