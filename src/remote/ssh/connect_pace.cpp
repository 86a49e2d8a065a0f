#include "torc/remote/connect_pace.hpp"

#include <algorithm>
#include <condition_variable>

namespace torc::remote {

bool ConnectPace::wait(std::chrono::milliseconds delay, const std::stop_token& stop) {
  Clock::time_point turn = Clock::now();
  if (delay.count() > 0) {
    const std::scoped_lock lock(m_mutex);
    turn = std::max(turn, m_next);
    m_next = turn + delay;
  }
  return pause_unless_stopped(turn, stop);
}

bool pause_unless_stopped(std::chrono::steady_clock::time_point until, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any none;
  none.wait_until(lock, stop, until, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace torc::remote
