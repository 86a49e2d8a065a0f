#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <stop_token>
#include <vector>

#include "torc/base/fd.hpp"

namespace torc::runner {

/// Sleeps until a child process ends, a stop is requested or a point of time is reached; costs nothing meanwhile.
///
/// Thread-safety: one thread; stops may be requested by any.
class EventLoop {
 public:
  using Clock = std::chrono::steady_clock;

  /// @throws SystemError
  EventLoop();

  /// A request of this stop wakes the loop, once: from then on it is asked about, not waited for.
  void wake_on(const std::stop_token& stop);

  /// From any thread: wakes the loop, once.
  void wake() const { Wake{m_wake.get()}(); }

  /// Watches for the end of a child (`Child::end_fd`) until the descriptor is closed. `key` tells it from others.
  /// @throws SystemError
  void watch(int end_fd, std::int64_t key);

  /// Waits until something happens or `until` is reached.
  /// @returns the keys of children that have ended; each until it is reaped
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
  Clock::time_point m_timer_at{};                 ///< What the timer is set to.
  std::list<std::stop_callback<Wake>> m_on_stop;  ///< Callbacks do not move.
};

}  // namespace torc::runner
