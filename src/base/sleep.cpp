#include "torc/base/sleep.hpp"

#include <condition_variable>
#include <mutex>

namespace torc::base {

bool sleep_unless_stopped(std::chrono::steady_clock::time_point until, const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any never_notified;
  never_notified.wait_until(lock, stop, until, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace torc::base
