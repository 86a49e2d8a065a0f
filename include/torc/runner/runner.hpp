#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/base/error.hpp"
#include "torc/base/file_lock.hpp"
#include "torc/client/api.hpp"

namespace torc::runner {

/// What a runner on an ssh worker is told by the script that starts it, through its environment (see docs/worker.md).
struct WorkerIdentity {
  std::string address;          ///< As stored on the server: "alice@ws3:2222"
  std::string key;              ///< Names its files.
  std::string state_directory;  ///< Holds its pid file; the runner notes there how it ended.
  int ready_fd{-1};             ///< Gets "ready\n" when the compute node is registered, then closed.
  /// How long the runner waits for another one of this worker to end before it names it and gives up.
  std::chrono::milliseconds lock_patience{base::k_lock_patience};

  bool operator==(const WorkerIdentity&) const = default;
};

/// The identity in TORC_WORKER_KEY, TORC_WORKER_ADDRESS, TORC_WORKER_STATE and TORC_WORKER_READY_FD; nothing where
/// TORC_WORKER_KEY is not set.
/// @throws base::Error where they make no sense
std::optional<WorkerIdentity> worker_identity_from_environment();

/// Where the kernel tells which cgroup holds this process, and where the tree of cgroup v2 is mounted. Others than
/// these are for tests, which have a made-up tree.
struct CgroupPlaces {
  std::filesystem::path own{"/proc/self/cgroup"};
  std::filesystem::path mounts{"/proc/self/mountinfo"};

  bool operator==(const CgroupPlaces&) const = default;
};

struct RunnerOptions {
  model::Id workflow_id{0};
  std::string output_directory{"torc_output"};
  std::chrono::milliseconds poll_interval{5'000};
  /// A claim waits so long for work before it is made anew; less than the minute after which proxies lose patience.
  std::chrono::milliseconds longest_wait{55'000};
  std::optional<std::int64_t> max_parallel_jobs;  ///< Given: claims by count, else by resources.
  std::optional<std::int64_t> num_cpus;           ///< Nothing: what this process may use.
  std::optional<double> memory_gb;
  std::optional<std::int64_t> num_gpus;
  std::optional<std::chrono::milliseconds> time_limit;  ///< After it the run is stopped as by `stop`.
  /// Leaves after so long with nothing to claim. Nothing: a worker stays, a local run waits as long as the workflow
  /// says.
  std::optional<std::chrono::seconds> idle_timeout;
  std::string api_url;  ///< For the jobs' environment.
  /// "NAME=value" each: what a torc that is called by a job needs to log in. Passed on only if the workflow's
  /// execution_config has `pass_credentials`.
  std::vector<std::string> credentials{};
  std::optional<WorkerIdentity> worker;  ///< Nothing: a local `torc run`.
  std::stop_token kill_now{};            ///< Requested: jobs that are being ended get SIGKILL at once.
  std::stop_token drain{};               ///< Requested: no more is claimed; ends when no job runs any more.
  CgroupPlaces cgroups{};                ///< Leave as it is, but for tests.
};

/// How a run went.
struct RunnerReport {
  std::int64_t completed{0};
  std::int64_t failed{0};
  std::int64_t requeued{0};  ///< Jobs made ready again because the runner was stopped.
  bool stopped{false};       ///< Ended by `stop`, not by the end of the workflow.
  bool canceled{false};      ///< The workflow was canceled.
  bool timed_out{false};     ///< `stopped` because the time limit was reached.
  bool drained{false};       ///< Ended because of `drain`.
  bool unfit{false};         ///< Ended because job after job could not be started here.

  /// 0, also for a stop; 1 when jobs failed, or could not be started.
  int exit_status() const { return failed > 0 || unfit ? base::k_exit_failure : base::k_exit_ok; }
};

/// Makes the directory for output and logs, and those in it, unless they are there; all can be written to then.
/// @returns its absolute path
/// @throws base::Error that names it
std::filesystem::path make_output_directory(const std::string& path);

/// Tells the server what runners that are gone left in this output directory: results, and jobs to be given back. To be
/// called before anybody gives back what a dead runner had: a job that had ended would run again.
/// @throws base::ApiError where the server does not answer; what is left stays there then
void deliver_left_results(client::Api& api, const RunnerOptions& options);

/// Runs the jobs of an initialised workflow on this machine until it is complete or canceled, there has been nothing
/// to claim for the workflow's `compute_node_wait_for_new_jobs_seconds` (local runs only), five jobs in a row could not
/// be started, or a stop is requested. On a stop the jobs' process trees are ended and the jobs requeued (ready
/// again). Results that the server cannot be told are kept in the output directory, and handed in by the next run
/// there.
///
/// The calling thread runs everything; `stop` may be requested from any other. The process should be a subreaper
/// (proc::ProcessTreeGuard), so that what jobs detach from themselves is found.
/// @param on_change  Called after each change with the number of jobs done and running; for progress lines.
/// @throws base::ApiError where the server cannot be reached at the start, or is gone for good
RunnerReport run_jobs(client::Api& api, const RunnerOptions& options, const std::stop_token& stop,
                      const std::function<void(const RunnerReport&, std::int64_t running)>& on_change = {});

}  // namespace torc::runner
