#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "runner/jobs/capacity.hpp"
#include "runner/jobs/event_loop.hpp"
#include "runner/jobs/execution_config.hpp"
#include "runner/jobs/gpu_pool.hpp"
#include "runner/jobs/job_cgroups.hpp"
#include "runner/jobs/job_process.hpp"
#include "runner/jobs/monitor.hpp"
#include "runner/jobs/output_checks.hpp"
#include "runner/jobs/process_trees.hpp"
#include "runner/jobs/simple_command.hpp"
#include "runner/runner_log.hpp"

namespace torc::runner {

/// Why a job that was running does so no more.
enum class EndReason {
  itself,       ///< Its process ended.
  run_time,     ///< It ran longer than it may.
  memory,       ///< Its processes used more memory than they may.
  interrupted,  ///< The runner ended it, for reasons that are not the job's.
};

struct EndedJob {
  model::Job job;
  bool was_recovery{false};  ///< It was the job's recovery script.
  std::int64_t run_id{0};
  std::int64_t return_code{0};
  std::chrono::duration<double> ran{};
  EndReason reason{EndReason::itself};
  std::optional<metrics::JobSummary> usage{};   ///< Where it was measured.
  bool killed_by_kernel{false};                 ///< With EndReason::memory: its cgroup's limit was reached.
  std::int64_t excess_bytes{0};                 ///< With EndReason::memory: what it used when that was noticed.
  std::int64_t memory_limit{0};                 ///< And what it might.
  std::vector<DeclaredOutput> outputs{};        ///< To be there if it is to count as completed.
  std::vector<std::string> files_of_success{};  ///< To be removed once it counts as completed.
};

/// The jobs that run on this machine: starts them, ends with their whole process trees those that exceed their limits,
/// tells which have ended. One thread.
class RunningJobs {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param stop, drain  Their requests wake `wait`.
  /// @param metrics  The database for what is recorded.
  /// @param cgroups  Where to look for cgroups that can hold jobs to their limits.
  RunningJobs(const ExecutionConfig& config, const MonitorConfig& monitor, std::filesystem::path metrics,
              const Resources& capacity, GpuPool gpus, const std::stop_token& stop, const std::stop_token& drain,
              const CgroupPlaces& cgroups, RunnerLog& log);
  RunningJobs(const RunningJobs&) = delete;
  RunningJobs& operator=(const RunningJobs&) = delete;

  bool empty() const { return m_jobs.empty(); }
  std::int64_t count() const { return static_cast<std::int64_t>(m_jobs.size()); }
  /// What the jobs leave of the runner's capacity; below zero where more was started than there is.
  const Resources& free() const { return m_free; }

  /// One of the same id that still runs (somebody reset the workflow, or the job, and it was claimed anew) is ended
  /// before that, with its whole tree.
  /// @param outputs  What it declares to write; `EndedJob` returns them.
  /// @throws base::Error that says why it cannot be started
  void start(const model::Job& job, const JobNeeds& needs, const JobSettings& settings,
             std::vector<DeclaredOutput> outputs);

  /// Starts what is to be done before a failed job runs again; like a job of its name that needs nothing.
  /// @param script  A command line for bash, which finds `return_code` in TORC_RETURN_CODE.
  /// @throws base::Error as `start`
  void start_recovery(const model::Job& job, const std::string& script, std::int64_t return_code,
                      const JobSettings& settings);

  /// Those that have ended since the last call.
  std::vector<EndedJob> reap();

  /// Does what is due: ends what is over its limits or was left behind. To be called once for each turn of the loop,
  /// and at the time it returns.
  std::optional<Clock::time_point> enforce_limits();
  /// When something is due that cannot wait: a job is at a limit, or a process tree gets SIGKILL. The far future where
  /// nothing is; nothing where no job runs and nothing is being ended.
  std::optional<Clock::time_point> due();
  /// Whether a process tree is being ended, which wants `enforce_limits` soon.
  bool is_ending() const { return m_trees.ending(); }

  /// Sleeps until a job ends, a stop is requested or `until` is reached.
  void wait(Clock::time_point until) { m_events.wait(until); }
  /// From any thread: ends a `wait`.
  void wake() { m_events.wake(); }

  /// To be called at the end. @returns what the machine used; nothing where nobody wants to know
  std::optional<metrics::UsageSummary> finish_monitoring() { return m_monitor.finish(); }

  /// Ends all jobs and what earlier ones left, and waits until they are gone: the termination signal, and after `lead`,
  /// or when `kill_now` is requested, SIGKILL.
  /// @returns the jobs
  std::vector<EndedJob> end_all(std::chrono::milliseconds lead, const std::stop_token& kill_now);

 private:
  struct Job {
    JobProcess process;
    std::optional<Clock::time_point> deadline{};
    EndReason reason{EndReason::itself};
    bool killed_by_kernel{false};
    std::int64_t excess_bytes{0};
    std::optional<std::int64_t> memory_limit{};
    std::optional<model::Job> recovered{};  ///< Of a recovery script: the job it is for.
    std::vector<DeclaredOutput> outputs{};
  };

  void add(Job&& job);
  void end_earlier(model::Id id);
  EndedJob end_of(Job&& job, proc::ExitStatus status);
  std::optional<Clock::time_point> end_overdue(Clock::time_point now);
  void end_greedy();
  void record_kill_by_kernel(Job& job, std::int64_t used_bytes);
  std::optional<Clock::time_point> reap_trees();
  void forget(std::map<model::Id, Job>::iterator it);

  const ExecutionConfig& m_config;
  Resources m_free;
  GpuPool m_gpus;
  RunnerLog& m_log;
  EventLoop m_events;
  std::optional<JobCgroups> m_cgroups;  ///< Nothing: jobs have no limits.
  ProcessTrees m_trees;
  std::vector<std::string> m_environment;
  SimpleCommands m_simple;
  std::map<model::Id, Job> m_jobs;
  Monitor m_monitor;
};

}  // namespace torc::runner
