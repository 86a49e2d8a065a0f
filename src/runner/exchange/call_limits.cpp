#include "runner/exchange/call_limits.hpp"

#include <algorithm>

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A working server answers faster than this.
constexpr seconds k_least{1};
/// While jobs run, no answer within this time counts as an outage: the runner must notice the end of jobs and keep
/// their results.
constexpr seconds k_max_while_jobs_run{10};
/// The monitor's thread does not wake this one, so poll for excesses it has found.
constexpr milliseconds k_recheck{500};
constexpr milliseconds k_recheck_idle{60'000};

}  // namespace

CallLimits::CallLimits(client::Api& api, const std::stop_token& stop, const std::stop_token& kill_now)
    : m_api(api), m_stop(stop), m_kill_now(kill_now) {
  m_api.set_wait_limit({.left = [this](Clock::time_point began) { return left(began); }, .wake = {m_stop, m_kill_now}});
}

CallLimits::~CallLimits() {
  m_api.set_wait_limit({});
}

CallLimits::Clock::time_point CallLimits::due(Clock::time_point began) const {
  if (m_kill_now.stop_requested()) {
    return Clock::time_point::min();
  }
  if (m_deadline) {
    return *m_deadline;
  }
  if (m_stop.stop_requested()) {
    return Clock::time_point::min();
  }
  const auto jobs_due = m_jobs_due ? m_jobs_due() : std::nullopt;
  if (!jobs_due) {
    return m_stop_at;
  }
  const auto most = m_without_timeout ? Clock::time_point::max() : began + k_max_while_jobs_run;
  return std::min({*jobs_due, m_stop_at, most});
}

CallLimits::Clock::time_point CallLimits::limit(Clock::time_point began) const {
  return std::max(due(began), began + k_least);
}

milliseconds CallLimits::left(Clock::time_point began) const {
  const auto until = limit(began);
  if (until == Clock::time_point::max()) {
    return k_recheck_idle;
  }
  return std::min(k_recheck, std::chrono::ceil<milliseconds>(until - Clock::now()));
}

}  // namespace torc::runner
