#pragma once

#include <chrono>
#include <optional>

#include "runner/loop/phase.hpp"
#include "torc/model/models.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner {

/// Why an idle runner ends.
enum class RunEnd {
  workflow_complete,
  drained,
  unfit,            ///< No job can be started on this machine.
  too_little_time,  ///< Not enough of the runner's time limit is left for another job.
  idle_too_long,    ///< There was nothing to claim for too long.
};

/// The facts that decide whether an idle runner ends.
struct IdleState {
  Phase phase{Phase::working};
  bool workflow_is_complete{false};
  bool ignores_completion{false};  ///< The workflow wants runners to stay after its completion.
  bool is_unfit{false};
  bool awaits_first_claim{false};  ///< The first claim has not been answered, so there may be work.
  bool has_too_little_time{false};
  bool is_idle_too_long{false};
};

/// Why an idle runner ends; no value if it stays.
std::optional<RunEnd> end_of(const IdleState& state);

/// Measures how long a runner has had nothing to do. Pure state.
class IdleTimer {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param limit  Idle time after which the runner ends. No value: no limit.
  IdleTimer(std::optional<std::chrono::seconds> limit, Clock::time_point now) : m_limit(limit), m_last_work(now) {}

  /// There was work at `now`.
  void restart(Clock::time_point now) { m_last_work = now; }
  std::optional<std::chrono::seconds> limit() const { return m_limit; }
  /// When the limit is reached.
  std::optional<Clock::time_point> end() const {
    return m_limit ? std::optional(m_last_work + *m_limit) : std::nullopt;
  }
  bool is_over(Clock::time_point now) const { return m_limit && now - m_last_work >= *m_limit; }

 private:
  std::optional<std::chrono::seconds> m_limit;
  Clock::time_point m_last_work;
};

/// Maximum idle time of a runner. A worker that `remote run` started stays until the end of the workflow, unless its
/// options say otherwise.
std::optional<std::chrono::seconds> idle_limit_of(const RunnerOptions& options, const model::Workflow& workflow);

}  // namespace torc::runner
