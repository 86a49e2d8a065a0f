// The actions of the workflow, whose commands run beside the jobs, and what becomes of failed jobs at the end.

#include <algorithm>
#include <utility>

#include "runner/loop/run_loop.hpp"
#include "torc/base/error.hpp"

namespace torc::runner {

/// @throws base::ApiError
void RunLoop::run_actions(bool poll_due) {
  if (m_actions->has_any() && !m_actions->is_busy() && (std::exchange(m_actions_due, false) || poll_due)) {
    m_actions->run_triggered(m_liveness->node_id(),
                             {"on_workflow_start", "on_worker_start", "on_jobs_ready", "on_jobs_complete"});
  }
  if (!m_claims_begun && !m_actions->is_busy()) {
    m_claims_begun = true;
    m_last_work = Clock::now();  // Its patience begins where it can get work.
    m_check_when_idle = true;
  }
}

/// What is triggered by the end. Of what was begun and is not ready where the run is stopped, nothing is left.
void RunLoop::run_last_actions() {
  if (m_report.stopped || m_report.canceled) {
    m_actions->end();
  }
  if (m_report.canceled || (m_report.stopped && !m_report.timed_out)) {
    return;
  }
  try {
    if (m_report.timed_out) {
      m_actions->run_triggered(m_liveness->node_id(), {"on_worker_complete"});
      m_actions->wait(m_stop);
      return;
    }
    m_actions->wait(m_stop);
    if (!m_stop.stop_requested()) {
      m_actions->run_triggered(m_liveness->node_id(), {"on_jobs_complete"});
      m_actions->wait(m_stop);
      m_actions->run_triggered(m_liveness->node_id(), {"on_workflow_complete", "on_worker_complete"});
      m_actions->wait(m_stop);
    }
  } catch (const base::ApiError& error) {
    m_log.warning("the last actions could not be asked for: {}", error.what());
  }
}

/// Nobody will ask for them any more.
void RunLoop::give_back_failed() {
  for (auto& failed : m_recovery->take_undecided()) {
    m_outbox->add_requeue(
        {.job = std::move(failed.job), .run_id = failed.result.run_id, .reason = EndReason::interrupted});
  }
}

}  // namespace torc::runner
