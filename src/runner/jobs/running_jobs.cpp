#include "runner/jobs/running_jobs.hpp"

#include <signal.h>

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>

#include "torc/base/units.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;

/// How long to wait after SIGKILL for processes that the kernel does not end at once.
constexpr milliseconds k_after_kill{3'000};

std::optional<std::chrono::steady_clock::time_point> earlier(
    std::optional<std::chrono::steady_clock::time_point> one,
    std::optional<std::chrono::steady_clock::time_point> other) {
  return one && other ? std::min(*one, *other) : one ? one : other;
}

}  // namespace

RunningJobs::RunningJobs(const ExecutionConfig& config, const MonitorConfig& monitor, std::filesystem::path metrics,
                         const Resources& capacity, GpuPool gpus, const std::stop_token& stop,
                         const std::stop_token& drain, const CgroupPlaces& cgroups, RunnerLog& log)
    : m_config(config),
      m_free(capacity),
      m_gpus(std::move(gpus)),
      m_log(log),
      m_trees(config.termination_signal,
              [this](pid_t leader) {
                if (m_cgroups) {
                  m_cgroups->kill(leader);
                }
              }),
      m_environment(own_environment()),
      m_simple(m_environment),
      m_monitor(monitor, std::move(metrics), log, [this] { m_events.wake(); }) {
  if (config.limit_resources) {
    m_cgroups.emplace(cgroups, log);
  }
  m_events.wake_on(stop);
  m_events.wake_on(drain);
}

void RunningJobs::start(const model::Job& job, const JobNeeds& needs, const JobSettings& settings,
                        std::vector<DeclaredOutput> outputs) {
  end_earlier(job.id.value_or(0));
  const bool may_be_simple = settings.shell.is_known() && job.invocation_script.value_or("").empty();
  const auto argv = may_be_simple ? m_simple.argv(job.command) : std::nullopt;
  const auto memory_limit = m_config.limit_resources ? needs.memory_bytes : std::nullopt;
  auto group =
      m_cgroups ? m_cgroups->make(key_of(job), {.memory_bytes = memory_limit, .cpus = needs.cpus}) : std::nullopt;
  const JobLaunch launch{.argv = argv.value_or(std::vector<std::string>()),
                         .stdio = m_config.stdio.of(job.name),
                         .gpus = m_gpus.take(static_cast<std::size_t>(std::max<std::int64_t>(0, needs.resources.gpus))),
                         .join_fd = group ? group->procs.get() : -1};
  try {
    Job started{.process = JobProcess::start(job, settings, launch, m_environment)};
    if (m_config.limit_resources && needs.runtime) {
      started.deadline = started.process.started + *needs.runtime;
    }
    started.memory_limit = memory_limit;
    started.process.needs = needs.resources;
    started.outputs = std::move(outputs);
    const proc::Child& leader = started.process.child;
    const bool is_held = group && m_cgroups->started(std::move(*std::exchange(group, std::nullopt)), leader);
    m_monitor.started(leader.pid(), job, needs, is_held ? std::nullopt : memory_limit);
    add(std::move(started));
  } catch (const base::Error&) {
    m_gpus.release(launch.gpus);
    if (group) {
      m_cgroups->discard(std::move(*group));
    }
    throw;
  }
  m_free -= needs.resources;
}

void RunningJobs::start_recovery(const model::Job& job, const std::string& script, std::int64_t return_code,
                                 const JobSettings& settings) {
  model::Job recovery = job;
  recovery.command = script;
  recovery.invocation_script.reset();
  const JobLaunch launch{.stdio = {.mode = StdioMode::combined},
                         .file_suffix = "_recovery",
                         .more_environment = {"TORC_RETURN_CODE=" + std::to_string(return_code)}};
  add({.process = JobProcess::start(recovery, settings, launch, m_environment), .recovered = job});
}

void RunningJobs::add(Job&& job) {
  const model::Job& what = job.process.job;
  const model::Id id = what.id.value_or(0);
  const pid_t leader = job.process.child.pid();
  m_events.watch(job.process.child.end_fd(), id);
  m_trees.started(leader, key_of(what));
  m_log.info("job {} ({}){} started: attempt {}, PID {}", id, what.name, job.recovered ? ", its recovery script" : "",
             what.attempt_id.value_or(1), leader);
  m_jobs.insert_or_assign(id, std::move(job));
}

std::vector<EndedJob> RunningJobs::reap() {
  std::vector<EndedJob> ended;
  for (const auto id : m_events.wait(Clock::time_point{})) {
    const auto it = m_jobs.find(id);
    if (it == m_jobs.end()) {
      continue;
    }
    const pid_t leader = it->second.process.child.pid();
    const auto usage = m_monitor.ended(leader);  // Before it is reaped, which removes its data from /proc.
    if (const auto status = it->second.process.child.try_wait()) {
      m_trees.leader_ended(leader);
      if (const auto used = m_cgroups ? m_cgroups->ended(leader) : std::nullopt) {
        record_kill_by_kernel(it->second, *used);
      }
      ended.push_back(end_of(std::move(it->second), *status));
      ended.back().usage = usage;
      forget(it);
    }
  }
  return ended;
}

/// Kills without a grace period: files written during it, and remaining processes that name the same attempt, would
/// interfere with the new one.
void RunningJobs::end_earlier(model::Id id) {
  const auto it = m_jobs.find(id);
  if (it == m_jobs.end()) {
    return;
  }
  constexpr milliseconds k_pause{5};
  Job& job = it->second;
  const pid_t leader = job.process.child.pid();
  m_log.warning("job {} ({}), attempt {}, PID {}, is ended: the server assigned the job to another runner", id,
                job.process.job.name, job.process.job.attempt_id.value_or(1), leader);
  m_monitor.ended(leader);
  m_trees.end(leader, milliseconds(0));
  for (const auto give_up = Clock::now() + k_after_kill; Clock::now() < give_up; std::this_thread::sleep_for(k_pause)) {
    if (job.process.child.try_wait()) {
      m_trees.leader_ended(leader);
      if (m_cgroups) {
        m_cgroups->ended(leader);
      }
    }
    reap_trees();
    if (!m_trees.ending(leader)) {
      break;
    }
  }
  forget(it);
}

void RunningJobs::record_kill_by_kernel(Job& job, std::int64_t used_bytes) {
  if (job.reason != EndReason::exited) {
    return;  // It was already being ended for another reason.
  }
  job.reason = EndReason::memory;
  job.killed_by_kernel = true;
  job.excess_bytes = used_bytes;
  m_log.warning("job {} ({}) used {} of memory and needed more than the {} it requested: the kernel killed it",
                job.process.job.id.value_or(0), job.process.job.name, base::format_bytes(used_bytes),
                base::format_bytes(job.memory_limit.value_or(0)));
}

/// Releases its resources.
void RunningJobs::forget(std::map<model::Id, Job>::iterator it) {
  m_free += it->second.process.needs;
  m_gpus.release(it->second.process.gpus);
  m_jobs.erase(it);
}

EndedJob RunningJobs::end_of(Job&& job, proc::ExitStatus status) {
  EndedJob ended{.job = job.recovered ? std::move(*job.recovered) : std::move(job.process.job),
                 .was_recovery = job.recovered.has_value(),
                 .run_id = job.process.run_id,
                 .return_code = status.return_code(),
                 .ran = Clock::now() - job.process.started,
                 .reason = job.reason};
  if (ended.reason == EndReason::run_time) {
    ended.return_code = m_config.timeout_exit_code;
  } else if (ended.reason == EndReason::memory) {
    ended.return_code = m_config.oom_exit_code;
    ended.killed_by_kernel = job.killed_by_kernel;
    ended.excess_bytes = job.excess_bytes;
    ended.memory_limit = job.memory_limit.value_or(0);
  }
  ended.outputs = std::move(job.outputs);
  ended.files_of_success = job.process.files_of_success();
  return ended;
}

std::optional<RunningJobs::Clock::time_point> RunningJobs::enforce_limits() {
  end_excessive();
  const auto next_deadline = end_overdue(Clock::now());
  return earlier(next_deadline, reap_trees());
}

std::optional<RunningJobs::Clock::time_point> RunningJobs::due() {
  if (m_jobs.empty() && !m_trees.ending()) {
    return std::nullopt;
  }
  if (m_monitor.has_excesses()) {
    return Clock::time_point::min();
  }
  auto next = m_trees.next_kill(Clock::now()).value_or(Clock::time_point::max());
  for (const auto& [id, job] : m_jobs) {
    if (job.deadline && job.reason == EndReason::exited) {
      next = std::min(next, *job.deadline);
    }
  }
  return next;
}

/// Processes first, because a cgroup can be removed only when it is empty.
std::optional<RunningJobs::Clock::time_point> RunningJobs::reap_trees() {
  const auto trees_due = m_trees.reap();
  const auto groups_due =
      m_cgroups ? m_cgroups->reap([this](pid_t leader) { return m_trees.ending(leader); }) : std::nullopt;
  return earlier(trees_due, groups_due);
}

std::optional<RunningJobs::Clock::time_point> RunningJobs::end_overdue(Clock::time_point now) {
  std::optional<Clock::time_point> next;
  for (auto& [id, job] : m_jobs) {
    if (!job.deadline || job.reason != EndReason::exited) {
      continue;
    }
    if (now < *job.deadline) {
      next = std::min(next.value_or(*job.deadline), *job.deadline);
      continue;
    }
    const auto ran = std::chrono::round<std::chrono::seconds>(now - job.process.started);
    m_log.warning("job {} ({}) has run for {} s, longer than the run time it requested: it is ended", id,
                  job.process.job.name, ran.count());
    job.reason = EndReason::run_time;
    m_trees.end(job.process.child.pid(), m_config.sigterm_lead);
  }
  return next;
}

void RunningJobs::end_excessive() {
  for (const auto& excess : m_monitor.take_excesses()) {
    const auto it = std::find_if(m_jobs.begin(), m_jobs.end(),
                                 [&](const auto& entry) { return entry.second.process.child.pid() == excess.leader; });
    if (it == m_jobs.end() || it->second.reason != EndReason::exited) {
      continue;
    }
    Job& job = it->second;
    job.reason = EndReason::memory;
    job.excess_bytes = excess.memory_bytes;
    m_log.warning("job {} ({}) uses {} of memory, more than the {} it requested: it is killed", it->first,
                  job.process.job.name, base::format_bytes(excess.memory_bytes),
                  base::format_bytes(job.memory_limit.value_or(0)));
    m_trees.end(excess.leader, milliseconds(0));
  }
}

std::vector<EndedJob> RunningJobs::end_all(milliseconds lead, const std::stop_token& kill_now) {
  for (auto& [id, job] : m_jobs) {
    // Even if it exits with 0 after the signal, its work may be incomplete.
    job.reason = job.reason == EndReason::exited ? EndReason::interrupted : job.reason;
    m_trees.end(job.process.child.pid(), lead);
  }
  std::vector<EndedJob> ended;
  const auto take_ended = [&] {
    auto some = reap();
    std::move(some.begin(), some.end(), std::back_inserter(ended));
  };
  auto give_up = Clock::now() + lead + k_after_kill;
  bool kills = false;
  for (;;) {
    take_ended();
    if (kill_now.stop_requested() && !std::exchange(kills, true)) {
      m_trees.kill_all();
      give_up = std::min(give_up, Clock::now() + k_after_kill);
    }
    const auto due = reap_trees();
    if ((!due && m_jobs.empty()) || Clock::now() > give_up) {
      break;
    }
    m_events.wait(std::min(give_up, due.value_or(give_up)));
  }
  while (!m_jobs.empty()) {
    const auto it = m_jobs.begin();
    m_log.warning("job {} ({}), PID {}, does not end", it->first, it->second.process.job.name,
                  it->second.process.child.pid());
    ended.push_back(end_of(std::move(it->second), {.signaled = true, .code = SIGKILL}));
    forget(it);
  }
  return ended;
}

}  // namespace torc::runner
