#include "app/fleet/restart_policy.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

namespace torc::app {
namespace {

using remote::State;

/// If the state of a dead worker is older than this, the worker is queried again before it is restarted.
constexpr std::chrono::seconds k_state_is_current{5};
/// Interval between queries whether the jobs of a dead runner have ended.
constexpr std::chrono::milliseconds k_until_ended{300};
constexpr double k_longest_pause_seconds = 600;

}  // namespace

RestartPolicy::Step RestartPolicy::next(const std::optional<remote::WorkerState>& state,
                                        std::optional<Clock::time_point> answered_at, Clock::time_point now) const {
  const auto is_older_than = [&](auto age) { return !answered_at || now - *answered_at > age; };
  if (!state || state->state != State::died || m_is_given_up) {
    return Step::none;
  }
  if (state->ending) {
    // Its jobs must not run twice.
    return is_older_than(k_until_ended) ? Step::query : Step::none;
  }
  if (m_restarts >= m_options.most) {
    return Step::give_up;
  }
  if (now < m_not_before) {
    return Step::none;
  }
  // Another command may have started it meanwhile.
  return is_older_than(k_state_is_current) ? Step::query : Step::start;
}

bool RestartPolicy::may_restart(const std::optional<remote::WorkerState>& state, bool has_run) const {
  if (!m_options.restart || m_is_given_up || m_restarts >= m_options.most) {
    return false;
  }
  if (!state) {
    return true;  // The state is not known yet.
  }
  switch (state->state) {
    case State::died:
    case State::running:  // Running at the last query; the next one shows if it has died since.
    case State::not_queried:
      return true;
    case State::unreachable:
      return has_run;  // A worker that never ran is not waited for.
    case State::never_started:
    case State::finished:
    case State::stopped:
      break;
  }
  return false;
}

void RestartPolicy::record_running() {
  m_is_given_up = false;
  m_message.clear();
}

void RestartPolicy::give_up(std::string reason) {
  m_is_given_up = true;
  m_message = std::move(reason);
}

RestartPolicy::StartEffect RestartPolicy::record_start(const remote::StartResult& result, Clock::time_point now) {
  using Problem = remote::Check::Problem;
  const Problem problem = result.tried ? Problem::none : result.check.problem;
  if (problem == Problem::not_restartable) {
    give_up("is not restarted: " + result.check.message);
    return StartEffect::given_up;
  }
  if (problem == Problem::unreachable || problem == Problem::tunnel || problem == Problem::canceled) {
    return StartEffect::none;
  }
  if (result.start.already_running) {
    return StartEffect::running;
  }
  const double pause_seconds =
      std::min(std::ldexp(m_options.pause_seconds, static_cast<int>(std::min<std::int64_t>(m_restarts, 20))),
               std::max(k_longest_pause_seconds, m_options.pause_seconds));
  m_pause = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(pause_seconds));
  m_not_before = now + m_pause;
  ++m_restarts;
  if (result.start.ok) {
    m_message.clear();
    return StartEffect::restarted;
  }
  m_message = fmt::format("cannot be restarted ({}): {}", restarts_text(),
                          result.tried ? result.start.message : result.check.message);
  return StartEffect::failed;
}

std::string RestartPolicy::restarts_text() const {
  return fmt::format("{} of {}", m_restarts, m_options.most);
}

}  // namespace torc::app
