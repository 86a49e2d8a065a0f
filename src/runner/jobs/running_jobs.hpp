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

/// Why a job has ended.
enum class EndReason {
  exited,       ///< Its process exited.
  run_time,     ///< It exceeded its run time.
  memory,       ///< Its processes exceeded its memory limit.
  interrupted,  ///< The runner ended it for reasons unrelated to the job.
};

struct EndedJob {
  model::Job job;
  bool was_recovery{false};  ///< Whether it was the job's recovery script.
  std::int64_t run_id{0};
  std::int64_t return_code{0};
  std::chrono::duration<double> ran{};
  EndReason reason{EndReason::exited};
  std::optional<metrics::JobSummary> usage{};   ///< Set if it was measured.
  bool killed_by_kernel{false};                 ///< With EndReason::memory: whether the kernel enforced the limit.
  std::int64_t excess_bytes{0};                 ///< With EndReason::memory: the usage that was measured.
  std::int64_t memory_limit{0};                 ///< With EndReason::memory: the limit.
  std::vector<DeclaredOutput> outputs{};        ///< Must exist for the job to count as completed.
  std::vector<std::string> files_of_success{};  ///< To be removed once the job is completed.
};

/// The jobs that run on this machine: starts them, ends those that exceed their limits with their process trees, and
/// returns those that have ended. One thread.
class RunningJobs {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param stop, drain  Requests of these wake `wait`.
  /// @param metrics      The database for recorded samples.
  /// @param cgroups      Where to find the cgroups that can enforce limits.
  RunningJobs(const ExecutionConfig& config, const MonitorConfig& monitor, std::filesystem::path metrics,
              const Resources& capacity, GpuPool gpus, const std::stop_token& stop, const std::stop_token& drain,
              const CgroupPlaces& cgroups, RunnerLog& log);
  RunningJobs(const RunningJobs&) = delete;
  RunningJobs& operator=(const RunningJobs&) = delete;

  bool empty() const { return m_jobs.empty(); }
  std::int64_t count() const { return static_cast<std::int64_t>(m_jobs.size()); }
  /// The part of the runner's capacity that jobs do not use; negative if jobs exceed the capacity.
  const Resources& free() const { return m_free; }

  /// Starts a job. If a job with the same id is still running (the workflow or the job was reset, and claimed again),
  /// it is ended first, with its process tree.
  /// @param outputs  Its declared outputs; `EndedJob` returns them.
  /// @throws base::Error that says why it cannot be started
  void start(const model::Job& job, const JobNeeds& needs, const JobSettings& settings,
             std::vector<DeclaredOutput> outputs);

  /// Starts the recovery script of a failed job, like a job of the same name that needs no resources.
  /// @param script  A command line for bash, which finds `return_code` in TORC_RETURN_CODE.
  /// @throws base::Error as `start`
  void start_recovery(const model::Job& job, const std::string& script, std::int64_t return_code,
                      const JobSettings& settings);

  /// The jobs that have ended since the last call.
  std::vector<EndedJob> reap();

  /// Ends jobs that exceed their limits, and processes that jobs left behind. Call this once per turn of the loop, and
  /// at the time that it returns.
  std::optional<Clock::time_point> enforce_limits();
  /// When something urgent is due: a job reaches a limit, or a process tree gets SIGKILL. The far future if nothing is
  /// due; no value if no job runs and nothing is being ended.
  std::optional<Clock::time_point> due();
  /// Whether a process tree is being ended, so that `enforce_limits` is due soon.
  bool is_ending() const { return m_trees.ending(); }

  /// Sleeps until a job ends, a stop is requested or `until` is reached.
  void wait(Clock::time_point until) { m_events.wait(until); }
  /// Ends a `wait`. Callable from any thread.
  void wake() { m_events.wake(); }

  /// Ends the monitoring; call this at the end. @returns the machine's usage, if it is to be reported
  std::optional<metrics::UsageSummary> finish_monitoring() { return m_monitor.finish(); }

  /// Ends all jobs and processes left by earlier jobs, and waits until they are gone: sends the termination signal, and
  /// SIGKILL after `lead` or when `kill_now` is requested.
  /// @returns the jobs
  std::vector<EndedJob> end_all(std::chrono::milliseconds lead, const std::stop_token& kill_now);

 private:
  struct Job {
    JobProcess process;
    std::optional<Clock::time_point> deadline{};
    EndReason reason{EndReason::exited};
    bool killed_by_kernel{false};
    std::int64_t excess_bytes{0};
    std::optional<std::int64_t> memory_limit{};
    std::optional<model::Job> recovered{};  ///< For a recovery script: the failed job.
    std::vector<DeclaredOutput> outputs{};
  };

  void add(Job&& job);
  void end_earlier(model::Id id);
  EndedJob end_of(Job&& job, proc::ExitStatus status);
  std::optional<Clock::time_point> end_overdue(Clock::time_point now);
  void end_excessive();
  void record_kill_by_kernel(Job& job, std::int64_t used_bytes);
  std::optional<Clock::time_point> reap_trees();
  void forget(std::map<model::Id, Job>::iterator it);

  const ExecutionConfig& m_config;
  Resources m_free;
  GpuPool m_gpus;
  RunnerLog& m_log;
  EventLoop m_events;
  std::optional<JobCgroups> m_cgroups;  ///< Not set if jobs have no limits.
  ProcessTrees m_trees;
  std::vector<std::string> m_environment;
  SimpleCommands m_simple;
  std::map<model::Id, Job> m_jobs;
  Monitor m_monitor;
};

}  // namespace torc::runner
