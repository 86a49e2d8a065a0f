#include "runner/loop/shutdown.hpp"

#include <utility>

#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::runner {
namespace {

/// How long the shutdown tries to reach a server that does not answer.
constexpr std::chrono::seconds k_last_calls{20};
constexpr std::int64_t k_terminated = 128 + 15;

}  // namespace

void Shutdown::end_jobs() {
  const auto lead = m_parts.report.timed_out ? m_parts.last_moments->lead : m_parts.config.sigterm_lead;
  m_parts.reaper.end_all(lead, m_parts.options.kill_now);
}

void Shutdown::deliver_until(Clock::time_point until) {
  m_parts.call_retries.retry_until(until, [this] { m_parts.outbox.deliver(); });
}

void Shutdown::requeue_started(Clock::time_point until, bool time_is_over) {
  while (m_parts.outbox.has_requeues()) {
    m_parts.call_retries.retry_until(until, [&] {
      if (m_parts.outbox.requeue_next(time_is_over, m_parts.config.timeout_exit_code)) {
        ++m_parts.report.requeued;
      }
    });
  }
}

void Shutdown::requeue_claimed(Clock::time_point until) {
  while (!m_parts.inbox.empty()) {
    m_parts.call_retries.retry_until(until, [this] { m_parts.inbox.requeue_front(); });
    ++m_parts.report.requeued;
  }
}

void Shutdown::stop(const std::string& why) {
  m_parts.report.stopped = true;
  m_parts.log.info("{}: ending {}", why, base::counted(m_parts.running.count(), "job"));
  m_parts.reaper.reap();  // Jobs that have already ended count.
  end_jobs();
  const auto until = Clock::now() + k_last_calls;
  deliver_until(until);
  requeue_started(until, m_parts.report.timed_out);
  deliver_until(until);  // Results of jobs that cannot be requeued.
  requeue_claimed(until);
  m_on_change();
}

void Shutdown::stop_at_time_limit() {
  m_parts.report.timed_out = true;
  stop("the time limit is reached");
}

void Shutdown::cancel() {
  m_parts.report.canceled = true;
  m_parts.log.info("the workflow was canceled: ending {}", base::counted(m_parts.running.count(), "job"));
  m_parts.reaper.reap();
  end_jobs();
  m_parts.outbox.cancel_requeues(k_terminated);
  deliver_until(Clock::now() + k_last_calls);
  m_parts.inbox.clear();
}

void Shutdown::finish() {
  end_jobs();  // Processes left by finished jobs may still be in their grace period.
  run_last_actions();
  deactivate();
  const RunnerReport& report = m_parts.report;
  m_parts.log.info("the runner ends: {} completed, {} failed, {} requeued", base::counted(report.completed, "job"),
                   report.failed, report.requeued);
}

void Shutdown::abandon() noexcept {
  try {
    if (m_parts.link.away()) {
      for (auto& failed : m_parts.recovery.take_undecided()) {
        m_parts.outbox.add(std::move(failed));  // Without the server, no decision about retries is possible.
      }
    }
    end_jobs();
    if (m_parts.link.away()) {
      m_parts.outbox.record_results();
      m_parts.outbox.record_requeues(m_parts.inbox.jobs(), m_parts.report.timed_out);
      return;
    }
    const auto until = Clock::now() + k_last_calls;
    deliver_until(until);
    requeue_started(until, /*time_is_over=*/false);
    requeue_claimed(until);
    deactivate();
  } catch (const std::exception& error) {
    m_parts.log.error("jobs could not be requeued: {}", error.what());
  }
}

/// Runs the actions that the end of the run triggers. If the run is stopped, running actions are ended first.
void Shutdown::run_last_actions() {
  const RunnerReport& report = m_parts.report;
  ActionRunner& actions = m_parts.actions;
  const auto run = [&](const std::vector<std::string>& triggers) {
    actions.run_triggered(m_parts.liveness.node_id(), triggers);
    actions.wait(m_parts.stop);
  };
  if (report.stopped || report.canceled) {
    actions.end();
  }
  if (report.canceled || (report.stopped && !report.timed_out)) {
    return;
  }
  try {
    if (report.timed_out) {
      run({"on_worker_complete"});
      return;
    }
    actions.wait(m_parts.stop);
    if (!m_parts.stop.stop_requested()) {
      run({"on_jobs_complete"});
      run({"on_workflow_complete", "on_worker_complete"});
    }
  } catch (const base::ApiError& error) {
    m_parts.log.warning("the final actions could not be run: {}", error.what());
  }
}

void Shutdown::deactivate() {
  if (const auto used = m_parts.running.finish_monitoring()) {
    m_parts.liveness.record_usage(*used, m_parts.monitor);
  }
  const auto ran = Clock::now() - m_parts.started;
  try {
    m_parts.call_retries.retry_until(Clock::now() + k_last_calls, [&] { m_parts.liveness.deactivate(ran); });
    requeue_lost_claims();
  } catch (const base::ApiError& error) {
    m_parts.log.warning("the compute node could not be deactivated: {}", error.what());
  }
}

/// Called when the node is inactive. The server answers no more claims of the node then, so no job is missed.
void Shutdown::requeue_lost_claims() {
  if (!m_parts.exchange.claims_in_doubt()) {
    return;
  }
  const auto until = Clock::now() + k_last_calls;
  m_parts.call_retries.retry_until(until, [this] { m_parts.inbox.find_lost_claims(); });
  requeue_claimed(until);
}

}  // namespace torc::runner
