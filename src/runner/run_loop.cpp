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

#include "runner/run_loop.hpp"

#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "runner/worker_state.hpp"
#include "torc/base/error.hpp"
#include "torc/base/units.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds k_stop_grace{3'000};
/// How long the end of a run may try to tell a server that does not answer.
constexpr seconds k_last_words{20};
constexpr std::int64_t k_default_wait_for_new_jobs_s = 90;
/// Between two signs of life.
constexpr seconds k_heartbeat_interval{30};
/// Of a claim; less than what proxies and heartbeats allow.
constexpr seconds k_longest_wait{20};
constexpr std::int64_t k_default_wait_for_server_min = 20;
/// Return code of a job that could not be started; what a shell answers for a program it cannot execute.
constexpr std::int64_t k_cannot_execute = 126;
constexpr std::int64_t k_terminated = 128 + 15;

}  // namespace

RunLoop::RunLoop(client::Api& api, const RunnerOptions& options, const std::stop_token& stop, const OnChange& on_change)
    : m_api(api),
      m_options(options),
      m_stop(stop),
      m_on_change(on_change),
      m_workflow(api.get_workflow(options.workflow_id)),
      m_run_id(api.get_workflow_status(options.workflow_id).run_id),
      m_settings{.output_directory = make_output_directory(options.output_directory),
                 .output_directory_text = options.output_directory,
                 .run_id = m_run_id,
                 .api_url = options.api_url},
      m_log(log_path()),
      m_environment(own_environment()),
      m_capacity(capacity_from(options)),
      m_free(m_capacity),
      m_started(Clock::now()),
      m_link(std::chrono::minutes(
          m_workflow.compute_node_wait_for_healthy_database_minutes.value_or(k_default_wait_for_server_min))),
      m_events(stop),
      m_next_poll(m_started),
      m_next_heartbeat(m_started),
      m_last_work(m_started) {
  register_node();
  m_exchange = std::make_unique<JobExchange>(api, options.workflow_id, m_run_id, m_node.id.value_or(0), m_log);
}

std::filesystem::path RunLoop::log_path() const {
  const std::string key = m_options.worker ? m_options.worker->key : proc::host_name();
  return m_settings.output_directory / fmt::format("job_runner_{}_wf{}_r{}.log", key, m_options.workflow_id, m_run_id);
}

void RunLoop::register_node() {
  m_node.workflow_id = m_options.workflow_id;
  m_node.hostname = proc::host_name();
  m_node.pid = ::getpid();
  m_node.start_time = base::timestamp_now();
  m_node.is_active = true;
  m_node.num_cpus = m_capacity.cpus;
  m_node.memory_gb = m_capacity.memory_gb;
  m_node.num_gpus = m_capacity.gpus;
  m_node.num_nodes = 1;
  m_node.compute_node_type = "local";
  if (m_options.time_limit) {
    m_node.time_limit = base::format_iso_duration(*m_options.time_limit);
  }
  if (m_options.worker) {
    m_node.scheduler = worker_scheduler(*m_options.worker);
  }
  m_node.id = m_api.create_compute_node(m_node).id;
  m_log.info("runner of workflow {} run {} on {} (PID {}, compute node {}): {} CPUs, {:.1f} GB, {} GPUs{}",
             m_options.workflow_id, m_run_id, m_node.hostname, m_node.pid, m_node.id.value_or(0), m_capacity.cpus,
             m_capacity.memory_gb, m_capacity.gpus,
             m_options.max_parallel_jobs ? fmt::format(", {} jobs at once", *m_options.max_parallel_jobs) : "");
}

RunnerReport RunLoop::run() {
  try {
    while (!m_over) {
      reap();
      const auto trees_due = m_trees.tend();
      if (wants_to_stop()) {
        break;
      }
      if (m_link.may_try(Clock::now())) {
        talk();
      }
      if (m_link.gone(Clock::now())) {
        throw base::ApiError(0, "Unreachable",
                             fmt::format("the server has been away for too long; {} results of jobs are lost, {} jobs "
                                         "were ended (compute_node_wait_for_healthy_database_minutes says how long)",
                                         m_finished.size(), m_running.size()));
      }
      if (!m_over && !m_stop.stop_requested()) {
        rest(trees_due);
      }
    }
    end_trees();  // What finished jobs left behind may still be in its grace.
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
  if (m_options.time_limit && Clock::now() - m_started >= *m_options.time_limit) {
    m_report.timed_out = true;
    stop_run("the time limit is reached");
    return true;
  }
  return false;
}

RunLoop::Clock::time_point RunLoop::next_wake(std::optional<Clock::time_point> trees_due) const {
  auto wake = m_link.away() ? m_link.next_change() : std::min(m_next_poll, m_next_heartbeat);
  if (m_options.time_limit) {
    wake = std::min(wake, m_started + *m_options.time_limit);
  }
  if (!m_options.worker && idle() && !patience_is_over()) {
    wake = std::min(wake, m_last_work + patience());
  }
  return trees_due ? std::min(wake, *trees_due) : wake;
}

void RunLoop::rest(std::optional<Clock::time_point> trees_due) {
  const bool nothing_to_do = idle() && !trees_due && !m_link.away() && Clock::now() >= m_no_wait_until;
  const auto room = nothing_to_do && m_exchange->claims_can_wait() ? wanted() : std::nullopt;
  if (room) {
    wait_for_work(*room);
  } else {
    m_events.wait(next_wake(trees_due));
  }
}

void RunLoop::wait_for_work(JobExchange::Wanted room) {
  const auto started = Clock::now();
  auto until = std::min(started + k_longest_wait, m_next_heartbeat);
  if (m_options.time_limit) {
    until = std::min(until, m_started + *m_options.time_limit);
  }
  if (!m_options.worker) {
    until = std::min(until, m_last_work + patience());
  }
  room.wait = std::chrono::floor<seconds>(until - started);
  room.stop = m_stop;
  if (room.wait <= seconds(0)) {
    m_events.wait(next_wake({}));
    return;
  }
  try {
    take(m_exchange->claim(room));
    m_link.answered();
    if (!m_claimed.empty()) {
      return;
    }
    if (Clock::now() - started < room.wait / 2) {
      // The workflow is over, which the next look tells; or the server is about to end, which is no reason to hurry.
      m_no_wait_until = Clock::now() + m_options.poll_interval;
    }
  } catch (const base::ApiError& error) {
    if (m_stop.stop_requested()) {
      return;
    }
    lose_touch(error);
  }
  m_next_poll = Clock::now();
}

void RunLoop::beat() {
  if (Clock::now() >= m_next_heartbeat) {
    m_exchange->send_heartbeat();
    m_next_heartbeat = Clock::now() + k_heartbeat_interval;
  }
}

void RunLoop::reap() {
  for (const auto id : m_events.wait(Clock::time_point{})) {
    const auto it = m_running.find(id);
    if (it == m_running.end()) {
      continue;
    }
    const pid_t leader = it->second.child.pid();
    if (const auto status = it->second.child.try_wait()) {
      m_trees.leader_ended(leader);
      JobProcess process = std::move(it->second);
      m_running.erase(it);
      finish(std::move(process), *status);
    }
  }
}

void RunLoop::finish(JobProcess&& process, proc::ExitStatus status) {
  m_free += process.needs;
  m_last_work = Clock::now();
  if (m_interrupting) {
    // It may have ended well after SIGTERM, but nobody knows whether it had done its work.
    m_interrupted.push_back(std::move(process.job));
    return;
  }
  auto result = result_of(process.job, process.run_id, status.return_code(), Clock::now() - process.started);
  m_finished.push_back({.job = std::move(process.job), .result = std::move(result)});
}

model::Result RunLoop::result_of(const model::Job& job, std::int64_t run_id, std::int64_t return_code,
                                 std::chrono::duration<double> ran) const {
  model::Result result;
  result.job_id = job.id.value_or(0);
  result.workflow_id = m_options.workflow_id;
  result.run_id = run_id;
  result.attempt_id = job.attempt_id;
  result.compute_node_id = m_node.id.value_or(0);
  result.return_code = return_code;
  result.exec_time_minutes = ran.count() / 60.0;
  result.completion_time = base::timestamp_now();
  result.status = return_code == 0 ? model::JobStatus::completed : model::JobStatus::failed;
  return result;
}

void RunLoop::talk() {
  const bool was_away = m_link.away();
  try {
    const bool poll_due = Clock::now() >= m_next_poll || (!m_options.worker && idle() && patience_is_over());
    m_may_claim = m_may_claim || poll_due || was_away;
    deliver();
    beat();
    if (poll_due || was_away) {
      take(m_exchange->find_lost_claims());
    }
    start_claimed();
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

/// @throws what `error` is where no later call can go better
void RunLoop::lose_touch(const base::ApiError& error) {
  if (!may_pass(error)) {
    throw base::ApiError(error);
  }
  if (!m_link.away()) {
    m_log.warning("the server does not answer, {} jobs go on running: {}", m_running.size(), error.what());
  }
  m_link.failed(Clock::now(), random_jitter());
}

void RunLoop::deliver() {
  while (!m_finished.empty()) {
    std::vector<model::Result> results;
    for (std::size_t i = 0; i < std::min(m_finished.size(), m_exchange->most_at_once()); ++i) {
      results.push_back(m_finished[i].result);
    }
    for (const bool on_record : m_exchange->complete(results)) {
      note_delivered(on_record);
    }
  }
}

/// The first of the finished ones was handed in.
void RunLoop::note_delivered(bool on_record) {
  const Finished& next = m_finished.front();
  if (!next.failure.empty()) {
    m_api.create_event({.id = std::nullopt,
                        .workflow_id = m_options.workflow_id,
                        .timestamp = base::unix_millis_now(),
                        .data = {{"category", "job"},
                                 {"event_type", "job_start_failed"},
                                 {"job_id", next.result.job_id},
                                 {"job_name", next.job.name},
                                 {"compute_node_id", next.result.compute_node_id},
                                 {"message", next.failure}}});
  }
  if (on_record && next.result.status == model::JobStatus::completed) {
    ++m_report.completed;
  } else if (on_record && next.result.status == model::JobStatus::failed) {
    ++m_report.failed;
  }
  m_log.info("job {} ({}) ended: {}, return code {}, {:.3f} s", next.result.job_id, next.job.name,
             model::to_string(next.result.status), next.result.return_code, next.result.exec_time_minutes * 60.0);
  m_finished.pop_front();
  m_may_claim = true;
  m_check_when_idle = true;
  changed();
}

bool RunLoop::fits(const Resources& needs) const {
  if (m_options.max_parallel_jobs) {
    return static_cast<std::int64_t>(m_running.size()) < *m_options.max_parallel_jobs;
  }
  return needs.fits_in(m_free);
}

void RunLoop::start_claimed() {
  // More may lie here than fits where a claim took effect after its answer was given up.
  while (!m_claimed.empty() && !m_stop.stop_requested()) {
    const model::Job& job = m_claimed.front();
    const Resources needs = m_exchange->needs(job);
    if (!fits(needs)) {
      return;
    }
    if (m_exchange->start(job)) {
      m_settings.run_id = m_exchange->run_id();
      launch(job, needs);
    }
    m_claimed.pop_front();
    changed();
  }
}

void RunLoop::launch(const model::Job& job, const Resources& needs) {
  const model::Id id = job.id.value_or(0);
  try {
    JobProcess process = JobProcess::start(job, needs, m_settings, m_environment);
    const pid_t leader = process.child.pid();
    m_events.watch(process.child.pidfd(), id);
    m_trees.started(leader, key_of(job));
    m_free -= needs;
    m_running.insert_or_assign(id, std::move(process));
    m_log.info("job {} ({}) started: attempt {}, PID {}", id, job.name, job.attempt_id.value_or(1), leader);
  } catch (const base::Error& error) {
    m_log.error("job {} ({}) cannot be started: {}", id, job.name, error.what());
    auto result = result_of(job, m_settings.run_id, k_cannot_execute, {});
    m_finished.push_back({.job = job, .result = std::move(result), .failure = error.what()});
  }
}

std::optional<JobExchange::Wanted> RunLoop::wanted() const {
  JobExchange::Wanted wanted{
      .by_count = m_options.max_parallel_jobs.has_value(), .limit = m_free.cpus, .free = m_free, .time_limit = {}};
  if (wanted.by_count) {
    wanted.limit = *m_options.max_parallel_jobs - static_cast<std::int64_t>(m_running.size());
  }
  if (m_options.time_limit) {
    const auto left = std::chrono::duration_cast<seconds>(m_started + *m_options.time_limit - Clock::now());
    wanted.time_limit = base::format_iso_duration(std::max(seconds(0), left));
  }
  return wanted.limit > 0 ? std::optional(wanted) : std::nullopt;
}

void RunLoop::claim() {
  while (m_may_claim && m_claimed.empty() && !m_stop.stop_requested()) {
    const auto room = wanted();
    if (!room) {
      return;
    }
    auto jobs = m_exchange->claim(*room);
    // Fewer than asked for: no more until one of ours, or of another runner, ends.
    m_may_claim = static_cast<std::int64_t>(jobs.size()) >= room->limit;
    take(std::move(jobs));
    start_claimed();
    deliver();  // Those that could not be started.
  }
}

void RunLoop::take(std::vector<model::Job>&& jobs) {
  if (!jobs.empty()) {
    m_last_work = Clock::now();
  }
  m_claimed.insert(m_claimed.end(), std::make_move_iterator(jobs.begin()), std::make_move_iterator(jobs.end()));
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
  if (completion.is_complete) {
    m_log.info("the workflow is complete");
    m_over = true;
    return;
  }
  if (!m_options.worker && patience_is_over()) {
    m_log.info("there was nothing to claim for {} s (compute_node_wait_for_new_jobs_seconds)", patience().count());
    m_over = true;
  }
}

seconds RunLoop::patience() const {
  return seconds(m_workflow.compute_node_wait_for_new_jobs_seconds.value_or(k_default_wait_for_new_jobs_s));
}

bool RunLoop::patience_is_over() const {
  return Clock::now() - m_last_work >= patience();
}

void RunLoop::changed() {
  if (m_on_change) {
    m_on_change(m_report, static_cast<std::int64_t>(m_running.size()));
  }
}

/// Ends every job that runs and waits until all their processes, and what earlier jobs left, are gone.
void RunLoop::end_trees() {
  m_interrupting = true;
  for (const auto& [id, process] : m_running) {
    m_trees.end(process.child.pid(), k_stop_grace);
  }
  // Beyond SIGKILL there is nothing to wait for but processes the kernel does not let go.
  const auto give_up = Clock::now() + 2 * k_stop_grace;
  for (;;) {
    reap();
    if (m_options.haste.stop_requested()) {
      m_trees.hasten();
    }
    const auto due = m_trees.tend();
    if ((!due && m_running.empty()) || Clock::now() > give_up) {
      break;
    }
    m_events.wait(std::min(give_up, due.value_or(give_up)));
  }
  for (auto& [id, process] : m_running) {
    m_log.warning("job {} ({}), PID {}, does not end", id, process.job.name, process.child.pid());
    m_interrupted.push_back(process.job);
  }
  m_running.clear();
}

/// Repeats a call that the server does not answer until it does, or until `until`.
template <typename Call>
void RunLoop::insist(Clock::time_point until, Call&& call) {
  for (;;) {
    try {
      call();
      m_link.answered();
      return;
    } catch (const base::ApiError& error) {
      m_link.failed(Clock::now(), random_jitter());
      if (!may_pass(error) || m_link.next_change() > until) {
        throw;
      }
      std::this_thread::sleep_until(m_link.next_change());
    }
  }
}

void RunLoop::stop_run(const std::string& why) {
  m_report.stopped = true;
  m_log.info("{}: ending {} jobs", why, m_running.size());
  reap();  // What has ended by itself counts.
  end_trees();
  const auto until = Clock::now() + k_last_words;
  insist(until, [this] { deliver(); });
  while (!m_interrupted.empty()) {
    insist(until, [this] { m_exchange->give_back(m_interrupted.back(), true); });
    m_interrupted.pop_back();
    ++m_report.given_back;
  }
  while (!m_claimed.empty()) {
    insist(until, [this] { m_exchange->give_back(m_claimed.front(), false); });
    m_claimed.pop_front();
    ++m_report.given_back;
  }
  changed();
}

void RunLoop::cancel_run() {
  m_report.canceled = true;
  m_log.info("the workflow was canceled: ending {} jobs", m_running.size());
  reap();
  end_trees();
  for (auto& job : m_interrupted) {
    auto result = result_of(job, m_settings.run_id, k_terminated, {});
    result.status = model::JobStatus::canceled;
    m_finished.push_back({.job = std::move(job), .result = std::move(result)});
  }
  m_interrupted.clear();
  insist(Clock::now() + k_last_words, [this] { deliver(); });
  m_claimed.clear();
}

/// After an error: nothing may be left running, and what can be given back is.
void RunLoop::abandon() noexcept {
  try {
    end_trees();
    const auto until = Clock::now() + (m_link.away() ? seconds(0) : k_last_words);
    insist(until, [this] { deliver(); });
    for (const auto& job : m_interrupted) {
      insist(until, [&] { m_exchange->give_back(job, true); });
    }
    for (const auto& job : m_claimed) {
      insist(until, [&] { m_exchange->give_back(job, false); });
    }
    deactivate();
  } catch (const std::exception& error) {
    m_log.error("jobs could not be given back: {}", error.what());
  }
}

void RunLoop::deactivate() {
  m_node.is_active = false;
  m_node.duration_seconds = std::chrono::duration<double>(Clock::now() - m_started).count();
  try {
    insist(Clock::now() + k_last_words, [this] { m_api.update_compute_node(m_node.id.value_or(0), m_node); });
    give_back_lost_claims();
  } catch (const base::ApiError& error) {
    m_log.warning("the compute node could not be deactivated: {}", error.what());
  }
}

/// To be called when the node is inactive: from then on no claim of it gets anything, so this look is the last.
void RunLoop::give_back_lost_claims() {
  if (!m_exchange->claims_in_doubt()) {
    return;
  }
  const auto until = Clock::now() + k_last_words;
  insist(until, [this] { take(m_exchange->find_lost_claims()); });
  while (!m_claimed.empty()) {
    insist(until, [this] { m_exchange->give_back(m_claimed.front(), false); });
    m_claimed.pop_front();
    ++m_report.given_back;
  }
}

}  // namespace torc::runner
