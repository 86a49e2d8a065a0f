#include "torc/remote/connect_pace.hpp"

#include <algorithm>

#include "torc/base/sleep.hpp"

namespace torc::remote {

bool ConnectPace::wait(std::chrono::milliseconds delay, const std::stop_token& stop) {
  Clock::time_point turn = Clock::now();
  if (delay.count() > 0) {
    const std::scoped_lock lock(m_mutex);
    turn = std::max(turn, m_next);
    m_next = turn + delay;
  }
  return base::sleep_unless_stopped(turn, stop);
}

}  // namespace torc::remote
