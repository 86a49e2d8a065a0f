#include "runner/exchange/call_retries.hpp"

#include <algorithm>
#include <utility>

#include "torc/base/backoff.hpp"
#include "torc/base/error.hpp"
#include "torc/base/sleep.hpp"

namespace torc::runner {
namespace {

constexpr std::chrono::seconds k_limit_of_kill{1};

}  // namespace

void CallRetries::retry_until(Clock::time_point until, const std::function<void()>& call) {
  const CallLimits::Deadline deadline(m_limits, until);
  bool kills = false;
  for (;;) {
    try {
      if (m_link.away()) {
        // Only a ping: a server that hangs may carry out every call made meanwhile once it continues.
        m_api.ping();
      }
      call();
      m_link.answered();
      return;
    } catch (const base::ApiError& error) {
      m_link.failed(Clock::now(), base::random_jitter());
      if (m_kill_now.stop_requested() && !std::exchange(kills, true)) {
        until = std::min(until, Clock::now() + k_limit_of_kill);
      }
      if (!may_pass(error) || m_link.next_change() > until) {
        throw;
      }
      base::sleep_unless_stopped(m_link.next_change(), kills ? std::stop_token() : m_kill_now);
    }
  }
}

}  // namespace torc::runner
