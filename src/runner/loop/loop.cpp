// Theory of operation: one thread. Each turn of the loop reaps the children that have ended, reports their results,
// claims as many jobs as there is room for, starts them, and sleeps until a child ends, a stop is requested or the next
// poll is due. Messages for the server stay in the outbox until it has answered, so a failed call is repeated later
// while jobs keep running: `call_server` ends at the first call that gets no answer, and ServerLink says when to try
// again. Turns are independent of each other, except for the phase (PhaseMachine).
//
// A runner with nothing to do does not poll: it waits inside a claim (`wait_for_jobs`), which the server answers once
// there is work or the workflow has ended, and which a stop interrupts. The server may answer such a claim just when
// the runner no longer listens. Therefore, as its last step, after its compute node is inactive and receives no more
// jobs, a runner looks for jobs that were claimed in its name and requeues them.
//
// A runner that was lost (its network was cut, or it was suspended) learns this from the answer to a heartbeat, which
// precedes every claim and start. It ends its jobs, because other runners may be running them by now: at once, since
// files that a job writes in its grace period would interfere with the attempt that counts. The server refuses results
// that the runner still has (an attempt ends only once); their output files stay. The runner then continues as a new
// compute node, so that late requests in the name of the lost node have no effect.

#include "runner/loop/loop.hpp"

#include <algorithm>
#include <utility>

#include "torc/base/backoff.hpp"
#include "torc/base/error.hpp"
#include "torc/proc/file_pages.hpp"

namespace torc::runner {

using std::chrono::milliseconds;
using std::chrono::seconds;

Loop::Loop(client::Api& api, const RunnerOptions& options, const std::stop_token& stop, OnChange on_change)
    : m_on_change(std::move(on_change)),
      m_parts(api, options, stop, [this](const Outbox::Delivery& delivery) { record_delivery(delivery); }),
      m_shutdown(m_parts, [this] { report_change(); }),
      m_idle_timer(idle_limit_of(options, m_parts.workflow), m_parts.started),
      m_next_poll(m_parts.started) {
  delay_first_poll();
}

/// Workers that start at the same time would otherwise always poll at the same time.
void Loop::delay_first_poll() {
  const RunnerOptions& options = m_parts.options;
  if (m_parts.config.staggered_start && options.worker && !m_parts.exchange.claims_can_wait()) {
    const std::chrono::duration<double, std::milli> pause =
        static_cast<double>(options.poll_interval.count()) * base::random_jitter() * milliseconds(1);
    m_next_poll = m_parts.started + std::chrono::duration_cast<milliseconds>(pause);
    m_parts.inbox.pause_claims();
  }
}

RunnerReport Loop::run() {
  const auto cancel_wait = [this] { m_cancel_wait.request_stop(); };
  const std::stop_callback on_stop{m_parts.stop, cancel_wait};
  const std::stop_callback on_drain{m_parts.options.drain, cancel_wait};
  try {
    while (m_phases.phase() != Phase::ending) {
      run_turn();
    }
    m_shutdown.finish();
    return m_parts.report;
  } catch (const std::exception& error) {
    m_parts.log.error("the runner ends: {}", error.what());
    m_shutdown.abandon();
    throw;
  }
}

void Loop::run_turn() {
  if (m_parts.reaper.reap()) {
    m_idle_timer.restart(Clock::now());
  }
  auto jobs_due = m_parts.running.enforce_limits();
  if (must_stop()) {
    m_phases.end();
    return;
  }
  const auto running = m_parts.running.count();
  if (m_parts.link.may_try(Clock::now())) {
    call_server();
  }
  if (m_parts.running.count() != running) {
    jobs_due = m_parts.running.enforce_limits();  // Newly started jobs have limits, too.
  }
  if (m_parts.link.away()) {
    m_parts.outbox.record_results();
  }
  give_up_if_server_is_gone();
  if (m_phases.phase() != Phase::ending && !m_parts.stop.stop_requested()) {
    sleep(jobs_due);
  }
}

bool Loop::must_stop() {
  if (m_parts.stop.stop_requested()) {
    m_shutdown.stop("a stop was requested");
    return true;
  }
  if (m_parts.stop_at && Clock::now() >= *m_parts.stop_at) {
    m_shutdown.stop_at_time_limit();
    return true;
  }
  return false;
}

void Loop::give_up_if_server_is_gone() {
  if (!m_parts.link.gone(Clock::now())) {
    return;
  }
  const auto running = m_parts.running.count();
  const bool has_nothing = m_parts.journal.empty() && running == 0 && m_parts.inbox.empty();
  throw base::ApiError(
      0, "Unreachable",
      fmt::format("the server has been away for too long (compute_node_wait_for_healthy_database_minutes says how "
                  "long that is); running jobs were ended: {}{}",
                  running,
                  has_nothing ? ""
                              : fmt::format("; unsent results are in {}, and the next run in this directory sends "
                                            "them",
                                            m_parts.journal.path().string())));
}

Loop::Clock::time_point Loop::next_wake(JobsDue jobs_due) const {
  auto wake = m_parts.link.away() ? m_parts.link.next_change() : std::min(m_next_poll, m_parts.liveness.next());
  if (m_parts.stop_at) {
    wake = std::min(wake, *m_parts.stop_at);
  }
  if (m_idle_timer.end() && m_parts.idle() && !m_idle_timer.is_over(Clock::now())) {
    wake = std::min(wake, *m_idle_timer.end());
  }
  return jobs_due ? std::min(wake, *jobs_due) : wake;
}

void Loop::sleep(JobsDue jobs_due) {
  const bool nothing_to_do = m_parts.idle() && !jobs_due && !m_parts.link.away() && Clock::now() >= m_no_wait_until;
  const auto claimable = nothing_to_do && m_parts.exchange.claims_can_wait() ? wanted() : std::nullopt;
  if (!claimable) {
    m_parts.running.wait(next_wake(jobs_due));
    return;
  }
  if (!std::exchange(m_has_dropped_pages, true)) {
    // Code that was only needed at the start, such as the command line parser and TLS.
    proc::drop_file_pages();
  }
  wait_for_jobs(*claimable);
}

void Loop::wait_for_jobs(JobExchange::Wanted wanted) {
  const auto started = Clock::now();
  auto until = started + m_parts.options.longest_wait;
  if (m_parts.stop_at) {
    until = std::min(until, *m_parts.stop_at);
  }
  if (m_idle_timer.end()) {
    until = std::min(until, *m_idle_timer.end());
  }
  wanted.wait = std::chrono::floor<seconds>(until - started);
  wanted.stop = m_cancel_wait.get_token();
  if (wanted.wait <= seconds(0)) {
    m_parts.running.wait(next_wake({}));
    return;
  }
  try {
    m_parts.inbox.wait_for_jobs(wanted);
    m_parts.link.answered();
    const auto now = Clock::now();
    if (!m_parts.inbox.empty()) {
      m_idle_timer.restart(now);
      return;
    }
    if (now - started >= wanted.wait / 2) {
      // Nothing has happened, so there is nothing to query: an idle runner makes hardly any calls.
      m_parts.inbox.pause_claims();
      m_next_poll = now + m_parts.options.poll_interval;
      m_parts.liveness.record_sign_of_life(now);
      return;
    }
    // Either the workflow has ended, which the next poll reports; or this runner is lost, which a heartbeat reports; or
    // the server is shutting down, which needs no quick reaction.
    m_no_wait_until = now + m_parts.options.poll_interval;
    m_parts.liveness.expedite();
  } catch (const base::ApiError& error) {
    if (m_cancel_wait.stop_requested()) {
      return;
    }
    record_outage(error);
  }
  m_next_poll = Clock::now();
}

void Loop::call_server() {
  const bool was_away = m_parts.link.away();
  try {
    const bool poll_due = poll_is_due();
    if (poll_due || was_away) {
      m_parts.inbox.allow_claims();
    }
    if (was_away) {
      m_parts.liveness.expedite();  // Before any start: the server may consider this runner lost.
      // Only a ping: a server that hangs may carry out every call made meanwhile once it continues.
      m_parts.api.ping();
    }
    deliver();
    keep_alive();
    run_actions(poll_due);
    if (poll_due || was_away) {
      find_lost_claims();
    }
    start_claimed();
    deliver();  // Jobs that could not be started.
    claim();
    if (poll_due || was_away || (m_check_when_idle && m_parts.idle())) {
      m_check_when_idle = false;
      check_completion();
    }
    if (poll_due) {
      m_next_poll = Clock::now() + m_parts.options.poll_interval;
    }
    if (was_away) {
      m_parts.log.info("the server is back");
    }
    m_parts.link.answered();
  } catch (const base::ApiError& error) {
    record_outage(error);
  }
}

bool Loop::poll_is_due() {
  const auto now = Clock::now();
  update_phase();
  return now >= m_next_poll || (m_parts.idle() && (m_phases.drain_requested() || m_idle_timer.is_over(now)));
}

/// Retries failed jobs if their failure handlers say so, and reports everything else.
void Loop::deliver() {
  if (m_parts.recovery.decide()) {
    m_parts.inbox.allow_claims();
    m_check_when_idle = true;
  }
  m_parts.outbox.deliver();
}

void Loop::record_delivery(const Outbox::Delivery& delivery) {
  if (!delivery.on_record) {
    m_parts.liveness.expedite();  // The jobs that run here may belong to other runners.
  }
  const bool counts = delivery.on_record && !delivery.is_inherited;
  const auto status = delivery.attempt.result.status;
  if (counts && status == model::JobStatus::completed) {
    ++m_parts.report.completed;
  } else if (counts && status != model::JobStatus::canceled) {
    ++m_parts.report.failed;
  }
  m_parts.inbox.allow_claims();
  m_check_when_idle = true;
  m_actions_due = true;
  report_change();
}

/// Sends a heartbeat if it is due, before any claim or start.
void Loop::keep_alive() {
  Liveness& liveness = m_parts.liveness;
  if (update_phase() != Phase::lost && liveness.is_due(Clock::now()) && !liveness.send_heartbeat()) {
    m_phases.mark_lost();
  }
  if (update_phase() == Phase::lost) {
    rejoin();
    // The server expects heartbeats only after the first one, so send it before the node has any job.
    if (!liveness.send_heartbeat()) {
      m_phases.mark_lost();
    }
  }
}

void Loop::rejoin() {
  m_parts.log.warning(
      "compute node {} is not active any more: the server considers it lost, or a client deactivated it; "
      "running jobs are ended: {}",
      m_parts.liveness.node_id(), m_parts.running.count());
  m_parts.reaper.discard_all(m_parts.options.kill_now);
  m_parts.inbox.clear();
  m_parts.outbox.deliver();
  // If a client deactivated the node, the server has not requeued its jobs.
  for (const auto& job : m_parts.exchange.jobs_at_work()) {
    m_parts.exchange.requeue(job, job.status == model::JobStatus::running);
  }
  m_parts.liveness.rejoin();
  m_parts.log_registration();
  m_parts.exchange.continue_as(m_parts.liveness.node_id());
  m_phases.rejoin();
  m_parts.inbox.allow_claims();
  report_change();
}

void Loop::run_actions(bool poll_due) {
  ActionRunner& actions = m_parts.actions;
  if (actions.has_any() && !actions.is_busy() && (std::exchange(m_actions_due, false) || poll_due)) {
    actions.run_triggered(m_parts.liveness.node_id(),
                          {"on_workflow_start", "on_worker_start", "on_jobs_ready", "on_jobs_complete"});
  }
  if (update_phase() == Phase::preparing && !actions.is_busy()) {
    m_phases.begin_work();
    m_idle_timer.restart(Clock::now());  // A runner counts as idle only once it may claim jobs.
    m_check_when_idle = true;
  }
}

void Loop::find_lost_claims() {
  if (m_parts.inbox.find_lost_claims()) {
    m_idle_timer.restart(Clock::now());
  }
}

/// The inbox may hold more jobs than there is room for, if an abandoned claim took effect after all.
void Loop::start_claimed() {
  Inbox& inbox = m_parts.inbox;
  while (!inbox.empty() && !m_parts.stop.stop_requested()) {
    if (m_parts.report.unfit) {
      inbox.requeue_front();
      ++m_parts.report.requeued;
      continue;
    }
    const bool is_started = m_parts.starter.start(inbox.front());
    m_parts.report.unfit = m_parts.starter.is_unfit();
    if (!is_started) {
      return;
    }
    inbox.pop_front();
    report_change();
  }
}

void Loop::claim() {
  while (m_parts.inbox.may_claim() && !m_parts.stop.stop_requested()) {
    const auto claimable = wanted();
    if (!claimable) {
      return;
    }
    m_parts.inbox.claim(*claimable);
    if (!m_parts.inbox.empty()) {
      m_idle_timer.restart(Clock::now());
    }
    start_claimed();
    deliver();
  }
}

/// Changes the phase if a drain has been requested. @returns the phase
Phase Loop::update_phase() {
  if (m_parts.options.drain.stop_requested() || m_parts.liveness.drain_requested() || m_parts.report.unfit) {
    m_phases.drain();
  }
  return m_phases.phase();
}

std::optional<JobExchange::Wanted> Loop::wanted() {
  return update_phase() == Phase::working ? m_parts.starter.room().wanted() : std::nullopt;
}

void Loop::check_completion() {
  const model::Completion completion = m_parts.api.is_workflow_complete(m_parts.options.workflow_id);
  if (completion.is_canceled) {
    m_shutdown.cancel();
    m_phases.end();
    return;
  }
  if (!m_parts.idle()) {
    return;
  }
  const auto end =
      end_of({.phase = update_phase(),
              .workflow_is_complete = completion.is_complete,
              .ignores_completion = m_parts.workflow.compute_node_ignore_workflow_completion.value_or(false),
              .is_unfit = m_parts.report.unfit,
              .awaits_first_claim = !m_parts.inbox.has_claimed() && wanted().has_value(),
              .has_too_little_time = has_too_little_time(),
              .is_idle_too_long = m_idle_timer.is_over(Clock::now())});
  if (end) {
    m_parts.report.drained = *end == RunEnd::drained;
    log_end(*end);
    m_phases.end();
  }
}

/// A runner whose time limit is close does not wait for more jobs.
bool Loop::has_too_little_time() const {
  const seconds least{m_parts.workflow.compute_node_min_time_for_new_jobs_seconds.value_or(0)};
  return m_parts.stop_at && *m_parts.stop_at - Clock::now() < least;
}

void Loop::log_end(RunEnd end) {
  RunnerLog& log = m_parts.log;
  switch (end) {
    case RunEnd::workflow_complete:
      log.info("the workflow is complete");
      break;
    case RunEnd::drained:
      log.info("drained: all jobs have ended");
      break;
    case RunEnd::unfit:
      log.info("jobs cannot be started on this machine");
      break;
    case RunEnd::too_little_time:
      log.info(
          "there is nothing to claim, and too little time is left to wait for more jobs "
          "(compute_node_min_time_for_new_jobs_seconds)");
      break;
    case RunEnd::idle_too_long:
      log.info("there was nothing to claim for {} s ({})", m_idle_timer.limit().value_or(seconds(0)).count(),
               m_parts.options.idle_timeout ? "--idle-timeout" : "compute_node_wait_for_new_jobs_seconds");
      break;
  }
}

/// @throws base::ApiError a copy of `error` if later calls would fail, too
void Loop::record_outage(const base::ApiError& error) {
  if (!may_pass(error)) {
    throw base::ApiError(error);
  }
  if (!m_parts.link.away()) {
    m_parts.log.warning("the server does not answer (jobs that keep running: {}): {}", m_parts.running.count(),
                        error.what());
  }
  m_parts.link.failed(Clock::now(), base::random_jitter());
}

void Loop::report_change() {
  if (m_on_change) {
    m_on_change(m_parts.report, m_parts.running.count());
  }
}

}  // namespace torc::runner
