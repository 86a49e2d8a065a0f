#include "runner/loop/run_end.hpp"

namespace torc::runner {

std::optional<RunEnd> end_of(const IdleState& state) {
  if (state.workflow_is_complete && !state.ignores_completion) {
    return RunEnd::workflow_complete;
  }
  if (state.phase == Phase::preparing) {
    return std::nullopt;  // The start actions may take longer than the idle limit.
  }
  if (state.phase == Phase::draining) {
    return state.is_unfit ? RunEnd::unfit : RunEnd::drained;
  }
  if (state.awaits_first_claim) {
    return std::nullopt;
  }
  if (state.has_too_little_time && !state.ignores_completion) {
    return RunEnd::too_little_time;
  }
  return state.is_idle_too_long ? std::optional(RunEnd::idle_too_long) : std::nullopt;
}

std::optional<std::chrono::seconds> idle_limit_of(const RunnerOptions& options, const model::Workflow& workflow) {
  constexpr std::int64_t k_default_s = 90;
  if (options.idle_timeout || options.worker) {
    return options.idle_timeout;
  }
  return std::chrono::seconds(workflow.compute_node_wait_for_new_jobs_seconds.value_or(k_default_s));
}

}  // namespace torc::runner
