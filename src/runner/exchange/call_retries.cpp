#include "runner/exchange/call_retries.hpp"

#include <algorithm>
#include <utility>

#include "torc/base/backoff.hpp"
#include "torc/base/error.hpp"
#include "torc/base/sleep.hpp"

namespace torc::runner {
namespace {

constexpr std::chrono::seconds k_time_in_a_hurry{1};

}  // namespace

void CallRetries::retry_until(Clock::time_point until, const std::function<void()>& call) {
  const CallLimits::Deadline deadline(m_limits, until);
  bool hurries = false;
  for (;;) {
    try {
      if (m_link.away()) {
        m_api.ping();  // A server that hangs may do everything it was asked once it goes on: it is asked nothing else.
      }
      call();
      m_link.answered();
      return;
    } catch (const base::ApiError& error) {
      m_link.failed(Clock::now(), base::random_jitter());
      if (m_hurry.stop_requested() && !std::exchange(hurries, true)) {
        until = std::min(until, Clock::now() + k_time_in_a_hurry);
      }
      if (!may_pass(error) || m_link.next_change() > until) {
        throw;
      }
      base::sleep_unless_stopped(m_link.next_change(), hurries ? std::stop_token() : m_hurry);
    }
  }
}

}  // namespace torc::runner
