// Theory of operation: one thread. Each turn of the loop reaps the children that have ended, hands their results in,
// claims as many jobs as there is room for, starts them, and sleeps until a child ends, a stop is requested or the
// next poll is due. What the server must be told lies in queues until it has answered, so a call that fails is made
// again later while jobs go on running: `talk` gives up at the first call that gets no answer, and ServerLink says
// when to go on. A turn never depends on the one before.
//
// While it has nothing to do at all it does not poll: it waits inside a claim (`wait_for_work`), which the server
// answers once there is work or the workflow is over, and which a stop breaks off. Such a claim may be answered just
// when nobody listens any more; so the last thing that a runner does, after its node is inactive and gets no more, is
// to look for jobs that were claimed in its name and give them back.

#include "runner/loop/run_loop.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "torc/base/error.hpp"
#include "torc/base/units.hpp"
#include "torc/proc/file_pages.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t k_default_wait_for_new_jobs_s = 90;
constexpr std::int64_t k_default_wait_for_server_min = 20;
/// Return code of a job that could not be started; what a shell answers for a program it cannot execute.
constexpr std::int64_t k_cannot_execute = 126;

}  // namespace

RunLoop::RunLoop(client::Api& api, const RunnerOptions& options, const std::stop_token& stop, const OnChange& on_change)
    : m_api(api),
      m_options(options),
      m_stop(stop),
      m_on_change(on_change),
      m_limits(api, stop, options.haste),
      m_workflow(api.get_workflow(options.workflow_id)),
      m_config(execution_config_of(m_workflow)),
      m_run_id(api.get_workflow_status(options.workflow_id).run_id),
      m_settings{.output_directory = make_output_directory(options.output_directory),
                 .output_directory_text = options.output_directory,
                 .run_id = m_run_id,
                 .api_url = options.api_url,
                 .credentials = m_config.pass_credentials ? options.credentials : std::vector<std::string>()},
      m_log(runner_log_path(options, m_settings.output_directory, m_run_id)),
      m_journal(m_settings.output_directory, api.server_id(), options.workflow_id, runner_key(options), m_log),
      m_started(Clock::now()),
      m_link(std::chrono::minutes(
          m_workflow.compute_node_wait_for_healthy_database_minutes.value_or(k_default_wait_for_server_min))),
      m_next_poll(m_started),
      m_last_work(m_started) {
  auto gpus = detect_gpus();
  m_capacity = capacity_from(options, gpus.size());
  const auto wanted_gpus = static_cast<std::size_t>(m_capacity.gpus);
  gpus.resize(std::min(gpus.size(), wanted_gpus));
  m_running =
      std::make_unique<RunningJobs>(m_config, monitor_config_of(m_workflow), metrics_path(), m_capacity,
                                    gpus.size() == wanted_gpus ? GpuPool(std::move(gpus)) : GpuPool(wanted_gpus), stop,
                                    options.drain, options.cgroups, m_log);
  m_limits.follow_jobs([this] { return m_running->due(); });
  set_time_limit();
  m_liveness = std::make_unique<Liveness>(api, m_log, describe_node());
  log_registration();
  m_exchange = std::make_unique<JobExchange>(api, options.workflow_id, m_run_id, m_liveness->node_id(), m_log);
  m_unverified = std::make_unique<UnverifiedJobs>(m_log, [this] { m_running->wake(); });
  m_actions = std::make_unique<ActionRunner>(api, options.workflow_id, m_settings, m_log, options.haste,
                                             [this] { m_running->wake(); });
  m_inbox = std::make_unique<Inbox>(*m_exchange, m_limits);
  m_outbox = std::make_unique<Outbox>(api, *m_exchange, m_journal, m_log,
                                      [this](const Outbox::Delivery& delivery) { record_delivery(delivery); });
  m_recovery =
      std::make_unique<Recovery>(api, *m_exchange, *m_outbox, m_log, m_workflow.use_pending_failed.value_or(false),
                                 [this](const Attempt& failed, const std::string& script) {
                                   m_running->start_recovery(failed.job, script, failed.result.return_code, m_settings);
                                 });
  m_outbox->load(m_journal.take_over());
  stagger();
}

/// Many workers that start together and poll would do so together for good.
void RunLoop::stagger() {
  if (m_config.staggered_start && m_options.worker && !m_exchange->claims_can_wait()) {
    const std::chrono::duration<double, std::milli> pause =
        static_cast<double>(m_options.poll_interval.count()) * random_jitter() * milliseconds(1);
    m_next_poll = m_started + std::chrono::duration_cast<milliseconds>(pause);
    m_inbox->pause_claims();
  }
}

void RunLoop::set_time_limit() {
  if (m_options.time_limit) {
    const LastMoments moments = last_moments(m_config, m_workflow, *m_options.time_limit);
    m_last_lead = moments.lead;
    m_stop_at = m_started + moments.stop_after;
    m_limits.stop_at(*m_stop_at);
  }
}

std::filesystem::path RunLoop::metrics_path() const {
  return m_settings.output_directory / "resource_utilization" /
         fmt::format("resource_metrics_{}_{}_{}.db", runner_key(m_options), m_options.workflow_id, m_run_id);
}

RunnerReport RunLoop::run() {
  const auto break_off = [this] { m_break_off.request_stop(); };
  const std::stop_callback on_stop{m_stop, break_off};
  const std::stop_callback on_drain{m_options.drain, break_off};
  try {
    while (!m_over) {
      reap();
      auto jobs_due = m_running->tend();
      if (wants_to_stop()) {
        break;
      }
      const auto running = m_running->count();
      if (m_link.may_try(Clock::now())) {
        talk();
      }
      if (m_running->count() != running) {
        jobs_due = m_running->tend();  // What was started has limits of its own.
      }
      if (m_link.away()) {
        m_outbox->record_results();
      }
      if (m_link.gone(Clock::now())) {
        throw base::ApiError(
            0, "Unreachable",
            fmt::format(
                "the server has been away for too long (compute_node_wait_for_healthy_database_minutes says how "
                "long that is); {} jobs were ended{}",
                m_running->count(),
                m_journal.empty() && m_running->count() == 0 && m_inbox->empty()
                    ? ""
                    : fmt::format("; what it has not been told is in {}, the next run in this "
                                  "directory tells it",
                                  m_journal.path().string())));
      }
      if (!m_over && !m_stop.stop_requested()) {
        rest(jobs_due);
      }
    }
    end_jobs();  // What finished jobs left behind may still be in its grace.
    run_last_actions();
    deactivate();
    m_log.info("the runner ends: {} jobs completed, {} failed, {} given back", m_report.completed, m_report.failed,
               m_report.given_back);
    return m_report;
  } catch (const std::exception& error) {
    m_log.error("the runner ends: {}", error.what());
    abandon();
    throw;
  }
}

bool RunLoop::wants_to_stop() {
  if (m_stop.stop_requested()) {
    stop_run("a stop was requested");
    return true;
  }
  if (m_stop_at && Clock::now() >= *m_stop_at) {
    stop_at_time_limit();
    return true;
  }
  return false;
}

RunLoop::Clock::time_point RunLoop::next_wake(std::optional<Clock::time_point> jobs_due) const {
  auto wake = m_link.away() ? m_link.next_change() : std::min(m_next_poll, m_liveness->next());
  if (m_stop_at) {
    wake = std::min(wake, *m_stop_at);
  }
  if (leaves_when_idle() && idle() && !patience_is_over()) {
    wake = std::min(wake, m_last_work + patience());
  }
  return jobs_due ? std::min(wake, *jobs_due) : wake;
}

void RunLoop::rest(std::optional<Clock::time_point> jobs_due) {
  const bool nothing_to_do = idle() && !jobs_due && !m_link.away() && Clock::now() >= m_no_wait_until;
  const auto room = nothing_to_do && m_exchange->claims_can_wait() ? wanted() : std::nullopt;
  if (room) {
    if (!m_has_rested) {
      // What a start needs, the command line and TLS above all, is not needed again.
      proc::drop_file_pages();
      m_has_rested = true;
    }
    wait_for_work(*room);
  } else {
    m_running->wait(next_wake(jobs_due));
  }
}

void RunLoop::reap() {
  for (auto& ended : m_running->reap()) {
    finish(std::move(ended));
  }
  take_verified();
}

void RunLoop::finish(EndedJob&& ended) {
  m_last_work = Clock::now();
  m_starts.record_end();
  if (ended.reason == EndReason::interrupted) {
    m_recovery->forget(ended.job.id.value_or(0));
    m_outbox->add_requeue(std::move(ended));
    return;
  }
  if (ended.was_recovery) {
    m_recovery->end_script(ended.job.id.value_or(0), ended.return_code);
    return;
  }
  auto outputs = std::move(ended.outputs);
  auto files_of_success = std::move(ended.files_of_success);
  Attempt attempt = attempt_of(m_exchange->result_owner(), std::move(ended));
  if (attempt.result.status == model::JobStatus::completed && !outputs.empty()) {
    m_unverified->add({.attempt = std::move(attempt), .files_of_success = std::move(files_of_success)},
                      std::move(outputs));
    return;
  }
  settle(std::move(attempt), files_of_success);
}

void RunLoop::talk() {
  const bool was_away = m_link.away();
  try {
    const bool poll_due = Clock::now() >= m_next_poll || (idle() && is_draining()) ||
                          (leaves_when_idle() && idle() && patience_is_over());
    if (poll_due || was_away) {
      m_inbox->allow_claims();
    }
    if (was_away) {
      m_liveness->expedite();  // Whether the server has missed this runner matters before anything starts.
      m_api.ping();  // A server that hangs may do all that it was asked once it goes on: nothing else is asked of it.
    }
    settle_ended();
    keep_alive();
    run_actions(poll_due);
    if (poll_due || was_away) {
      find_lost_claims();
    }
    start_claimed();
    settle_ended();  // Those that could not be started.
    claim();
    if (poll_due || was_away || (m_check_when_idle && idle())) {
      m_check_when_idle = false;
      check_completion();
    }
    if (poll_due) {
      m_next_poll = Clock::now() + m_options.poll_interval;
    }
    if (was_away) {
      m_log.info("the server is back");
    }
    m_link.answered();
  } catch (const base::ApiError& error) {
    lose_touch(error);
  }
}

/// Failed ones run again where their rules say so, others are handed in.
void RunLoop::settle_ended() {
  if (m_recovery->decide()) {
    m_inbox->allow_claims();
    m_check_when_idle = true;
  }
  m_outbox->deliver();
}

void RunLoop::record_delivery(const Outbox::Delivery& delivery) {
  if (!delivery.on_record) {
    m_liveness->expedite();  // Other runners may have all the jobs that run here.
  }
  const bool counts = delivery.on_record && !delivery.is_inherited;
  const auto status = delivery.attempt.result.status;
  if (counts && status == model::JobStatus::completed) {
    ++m_report.completed;
  } else if (counts && status != model::JobStatus::canceled) {
    ++m_report.failed;
  }
  m_inbox->allow_claims();
  m_check_when_idle = true;
  m_actions_due = true;
  changed();
}

Room RunLoop::room() const {
  Room room{.max_parallel_jobs = m_options.max_parallel_jobs, .running = m_running->count(), .free = m_running->free()};
  if (m_stop_at) {
    room.time_left = *m_stop_at - Clock::now();
  }
  return room;
}

void RunLoop::start_claimed() {
  // The inbox may hold more than fits if a claim took effect after its answer was given up.
  while (!m_inbox->empty() && !m_stop.stop_requested()) {
    if (m_report.unfit) {
      m_inbox->requeue_front();
      ++m_report.given_back;
      continue;
    }
    model::Job& job = m_inbox->front();
    const JobNeeds needs = m_exchange->needs(job);
    if (!room().has_place_for(needs.resources) || !m_starts.may_start(!m_running->empty())) {
      return;
    }
    auto outputs = m_exchange->declared_outputs(job);  // Now: the server may be away when the job ends.
    if (m_exchange->start(job)) {
      m_settings.run_id = m_exchange->run_id();
      if (!launch(job, needs, std::move(outputs))) {
        job.status = model::JobStatus::running;  // So the server has it, from now on at least.
        return;
      }
    }
    m_inbox->pop_front();
    changed();
  }
}

/// @returns false where it has to wait until a job that runs has ended
bool RunLoop::launch(const model::Job& job, const JobNeeds& needs, std::vector<DeclaredOutput>&& outputs) {
  const model::Id id = job.id.value_or(0);
  m_recovery->forget(id);  // Of an attempt that is nobody's any more, where the job was claimed anew.
  try {
    m_running->start(job, needs, m_settings, std::move(outputs));
    m_starts.record_start();
  } catch (const base::Error& error) {
    if (m_starts.record_failure(error, !m_running->empty()) == StartPolicy::Verdict::wait) {
      m_log.warning("job {} ({}) waits until one of the {} that run has ended: {}", id, job.name, m_running->count(),
                    error.what());
      return false;
    }
    fail_start(job, error);
  }
  return true;
}

void RunLoop::fail_start(const model::Job& job, const base::Error& error) {
  m_log.error("job {} ({}) cannot be started: {}", job.id.value_or(0), job.name, error.what());
  auto result = result_of(m_exchange->result_owner(), job, m_settings.run_id, k_cannot_execute, {});
  m_recovery->add({.job = job, .result = std::move(result), .event_type = "job_start_failed", .message = error.what()});
  if (m_starts.is_unfit() && !std::exchange(m_report.unfit, true)) {
    m_log.error("{} jobs in a row could not be started: this machine is unfit, the runner claims no more",
                StartPolicy::k_most_failures);
  }
}

std::optional<JobExchange::Wanted> RunLoop::wanted() const {
  if (is_draining() || is_preparing()) {
    return std::nullopt;
  }
  return room().wanted();
}

void RunLoop::claim() {
  while (m_inbox->may_claim() && !m_stop.stop_requested()) {
    const auto room = wanted();
    if (!room) {
      return;
    }
    m_inbox->claim(*room);
    if (!m_inbox->empty()) {
      m_last_work = Clock::now();
    }
    start_claimed();
    settle_ended();
  }
}

void RunLoop::find_lost_claims() {
  if (m_inbox->find_lost_claims()) {
    m_last_work = Clock::now();
  }
}

void RunLoop::check_completion() {
  const model::Completion completion = m_api.is_workflow_complete(m_options.workflow_id);
  if (completion.is_canceled) {
    cancel_run();
    m_over = true;
    return;
  }
  if (!idle()) {
    return;
  }
  if (completion.is_complete && !m_workflow.compute_node_ignore_workflow_completion.value_or(false)) {
    m_log.info("the workflow is complete");
    m_over = true;
    return;
  }
  if (is_preparing()) {
    return;  // What the actions of the start do may take longer than it has patience.
  }
  if (is_draining()) {
    m_report.drained = !m_report.unfit;
    m_log.info("{}",
               m_report.unfit ? "no job can be started here" : "no more was to be claimed, and all jobs have ended");
    m_over = true;
    return;
  }
  if (!m_inbox->has_claimed() && wanted()) {
    return;  // A runner cannot know that there is nothing to do before its first claim was answered.
  }
  if (has_too_little_time()) {
    m_log.info(
        "there is nothing to claim, and less time left than is waited for more in "
        "(compute_node_min_time_for_new_jobs_seconds)");
    m_over = true;
    return;
  }
  if (leaves_when_idle() && patience_is_over()) {
    m_log.info("there was nothing to claim for {} s ({})", patience().count(),
               m_options.idle_timeout ? "--idle-timeout" : "compute_node_wait_for_new_jobs_seconds");
    m_over = true;
  }
}

/// A runner that is about to end anyway does not wait for jobs to come.
bool RunLoop::has_too_little_time() const {
  const seconds least{m_workflow.compute_node_min_time_for_new_jobs_seconds.value_or(0)};
  return m_stop_at && *m_stop_at - Clock::now() < least &&
         !m_workflow.compute_node_ignore_workflow_completion.value_or(false);
}

/// A worker that `remote run` started stays until the workflow is over, unless it was told otherwise.
bool RunLoop::leaves_when_idle() const {
  return !m_options.worker || m_options.idle_timeout;
}

seconds RunLoop::patience() const {
  if (m_options.idle_timeout) {
    return *m_options.idle_timeout;
  }
  return seconds(m_workflow.compute_node_wait_for_new_jobs_seconds.value_or(k_default_wait_for_new_jobs_s));
}

bool RunLoop::patience_is_over() const {
  return Clock::now() - m_last_work >= patience();
}

void RunLoop::changed() {
  if (m_on_change) {
    m_on_change(m_report, m_running->count());
  }
}

}  // namespace torc::runner
