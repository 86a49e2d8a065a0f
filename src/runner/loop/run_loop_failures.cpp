// What follows when jobs fail, and the workflow's actions: whether a failed job runs again is asked of its failure
// handler, after its recovery script has run; commands of actions run beside the jobs.

#include <algorithm>
#include <utility>

#include "runner/loop/run_loop.hpp"
#include "torc/base/error.hpp"

namespace torc::runner {

/// There is no rule about it.
void RunLoop::fail(Attempt&& attempt) {
  if (m_workflow.use_pending_failed.value_or(false)) {
    attempt.result.status = model::JobStatus::pending_failed;
  }
  m_outbox->add(std::move(attempt));
}

/// @throws base::ApiError where the server cannot be asked; to be called again then
void RunLoop::recover_failed() {
  while (!m_failed.empty()) {
    Failed& next = m_failed.front();
    const model::Id id = next.attempt.result.job_id;
    const auto code = next.attempt.result.return_code;
    if (!next.rule) {
      next.rule = m_rules.find(next.attempt.job, code);
      next.script_is_due = next.rule && !next.rule->recovery_script.empty() && may_run_again(next);
    }
    if (!next.rule) {
      fail(std::move(next.attempt));
    } else if (next.script_is_due) {
      begin_recovery(std::move(next));
    } else if (m_exchange->retry(next.attempt.job, next.rule->max_retries)) {
      m_log.info("job {} ({}) failed with {}: it runs again", id, next.attempt.job.name, code);
      m_outbox->add_retried(std::move(next.attempt));
      m_inbox->allow_claims();
      m_check_when_idle = true;
    } else {
      m_outbox->add(std::move(next.attempt));
    }
    m_failed.pop_front();
  }
}

/// Whether its rule has a retry left: each attempt that failed in this run has left a result.
bool RunLoop::may_run_again(const Failed& failed) {
  const auto& result = failed.attempt.result;
  client::ResultFilter earlier;
  earlier.job_id = result.job_id;
  earlier.run_id = result.run_id;
  earlier.all_runs = true;
  const auto attempts = m_api.list_results(m_options.workflow_id, earlier).items;
  const auto failures = std::count_if(attempts.begin(), attempts.end(), [&](const model::Result& each) {
    return each.attempt_id != result.attempt_id && each.status == model::JobStatus::failed;
  });
  return failures < failed.rule->max_retries;
}

void RunLoop::begin_recovery(Failed&& failed) {
  const model::Id id = failed.attempt.result.job_id;
  try {
    m_running->start_recovery(failed.attempt.job, failed.rule->recovery_script, failed.attempt.result.return_code,
                              m_settings);
    failed.script_is_due = false;
    m_recovering.insert_or_assign(id, std::move(failed));
  } catch (const base::Error& error) {
    m_log.error("the recovery script of job {} ({}) cannot be started: {}", id, failed.attempt.job.name, error.what());
    m_outbox->add(std::move(failed.attempt));
  }
}

void RunLoop::recovery_ended(const EndedJob& ended) {
  auto node = m_recovering.extract(ended.job.id.value_or(0));
  if (node.empty()) {
    return;
  }
  if (ended.return_code != 0) {
    m_log.warning("the recovery script of job {} ({}) failed with {}", node.key(), ended.job.name, ended.return_code);
  }
  m_failed.push_back(std::move(node.mapped()));
}

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
  for (auto& failed : m_failed) {
    m_outbox->add_requeue({.job = std::move(failed.attempt.job),
                           .run_id = failed.attempt.result.run_id,
                           .reason = EndReason::interrupted});
  }
  m_failed.clear();
}

}  // namespace torc::runner
