#pragma once

#include <chrono>
#include <optional>

#include "runner/loop/phase.hpp"
#include "torc/model/models.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner {

/// Why a run that has nothing to do ends by itself.
enum class RunEnd {
  workflow_complete,
  drained,
  unfit,            ///< No job can be started on this machine.
  too_little_time,  ///< The runner's own time ends before another job would be worth it.
  idle_too_long,    ///< There was nothing to claim.
};

/// What decides about the end of an idle runner.
struct IdleState {
  Phase phase{Phase::working};
  bool workflow_is_complete{false};
  bool ignores_completion{false};  ///< The workflow wants runners to stay when it is complete.
  bool is_unfit{false};
  bool awaits_first_claim{false};  ///< Whether there is work cannot be known before the first claim was answered.
  bool has_too_little_time{false};
  bool is_idle_too_long{false};
};

/// Whether a runner with nothing to do ends, and why; nothing: it stays.
std::optional<RunEnd> end_of(const IdleState& state);

/// Measures how long a runner has had nothing to do. Pure state.
class IdleTimer {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param limit  After so long the runner leaves. Nothing: never.
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

/// How long a runner stays with nothing to claim. A worker that `remote run` started stays until the workflow is over,
/// unless its options say otherwise.
std::optional<std::chrono::seconds> idle_limit_of(const RunnerOptions& options, const model::Workflow& workflow);

}  // namespace torc::runner
