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

/// What the start script tells the runner of an ssh worker through environment variables (see docs/worker.md).
struct WorkerIdentity {
  std::string address;          ///< As stored on the server: "alice@ws3:2222"
  std::string key;              ///< The worker key, which names the runner's files.
  std::string state_directory;  ///< Contains the pid file; the runner records there how it ended.
  int ready_fd{-1};             ///< Receives "ready\n" once the compute node is registered, then is closed.
  /// How long the runner waits for another runner of this worker to end before it fails with an error that names it.
  std::chrono::milliseconds lock_timeout{base::k_lock_timeout};

  bool operator==(const WorkerIdentity&) const = default;
};

/// Reads TORC_WORKER_KEY, TORC_WORKER_ADDRESS, TORC_WORKER_STATE and TORC_WORKER_READY_FD. No value if TORC_WORKER_KEY
/// is not set.
/// @throws base::Error if the values are invalid
std::optional<WorkerIdentity> worker_identity_from_environment();

/// The files from which a process learns its cgroup and the mount point of cgroup v2. Only tests pass other paths than
/// the defaults, to use a made-up tree.
struct CgroupPlaces {
  std::filesystem::path own{"/proc/self/cgroup"};
  std::filesystem::path mounts{"/proc/self/mountinfo"};

  bool operator==(const CgroupPlaces&) const = default;
};

struct RunnerOptions {
  model::Id workflow_id{0};
  std::string output_directory{"torc_output"};
  std::chrono::milliseconds poll_interval{5'000};
  /// Maximum time that one claim waits for work. Shorter than a minute, after which proxies close idle connections.
  std::chrono::milliseconds longest_wait{55'000};
  std::optional<std::int64_t> max_parallel_jobs;  ///< If set, claims by count, otherwise by resources.
  std::optional<std::int64_t> num_cpus;           ///< Default: the CPUs that this process may use.
  std::optional<double> memory_gb;
  std::optional<std::int64_t> num_gpus;
  std::optional<std::chrono::milliseconds> time_limit;  ///< Stops the run as `stop` does.
  /// Maximum time without a job to claim. Default: a worker stays, a local run uses the workflow's setting.
  std::optional<std::chrono::seconds> idle_timeout;
  std::string shell{};  ///< Runs command lines as `SHELL -c LINE`. Empty: bash, or sh on machines without bash.
  std::string api_url;  ///< For the jobs' environment.
  /// "NAME=value" entries that a torc called by a job needs to log in. Passed on only if the workflow's
  /// execution_config has `pass_credentials`.
  std::vector<std::string> credentials{};
  std::optional<WorkerIdentity> worker;  ///< Not set for a local `torc run`.
  std::stop_token kill_now{};            ///< When requested, jobs that are being ended get SIGKILL at once.
  std::stop_token drain{};               ///< When requested, claims no more jobs and ends with the last running job.
  CgroupPlaces cgroups{};                ///< Only tests change it.
};

/// The outcome of a run.
struct RunnerReport {
  std::int64_t completed{0};
  std::int64_t failed{0};
  std::int64_t requeued{0};  ///< Jobs requeued because the runner was stopped.
  bool stopped{false};       ///< Ended by `stop`, not by the end of the workflow.
  bool canceled{false};      ///< The workflow was canceled.
  bool timed_out{false};     ///< `stopped` because the time limit was reached.
  bool drained{false};       ///< Ended because of `drain`.
  bool unfit{false};         ///< Ended because several jobs in a row could not be started here.

  /// 1 if jobs failed or could not be started, otherwise 0, also after a stop.
  int exit_status() const { return failed > 0 || unfit ? base::k_exit_failure : base::k_exit_ok; }
};

/// Creates the directory for output and logs and its subdirectories if they do not exist, and checks that they are
/// writable.
/// @returns its absolute path
/// @throws base::Error that names the directory
std::filesystem::path make_output_directory(const std::string& path);

/// Checks that this machine has the shell that RunnerOptions::shell names, or bash or sh if it is empty.
/// @throws base::Error
void check_shell(const std::string& shell);

/// Delivers what earlier runners left in the journals of this output directory: results, and jobs to requeue. Call this
/// before anyone requeues the jobs of a dead runner; otherwise a job that had already ended would run again.
/// @throws base::ApiError if the server does not answer; the journals stay then
void deliver_left_results(client::Api& api, const RunnerOptions& options);

/// Runs the jobs of an initialized workflow on this machine until the workflow is complete or canceled, there has been
/// nothing to claim for the workflow's `compute_node_wait_for_new_jobs_seconds` (local runs only), five jobs in a row
/// could not be started, or a stop is requested. A stop ends the jobs' process trees and requeues the jobs. Results
/// that cannot be delivered to the server are kept in the output directory, and the next run there delivers them.
///
/// The calling thread does all the work; any thread may request `stop`. The process should be a subreaper
/// (proc::ProcessTreeGuard), so that processes that detach from their jobs are found.
/// @param on_change  Called after each change of the report or of the number of running jobs; for progress lines.
/// @throws base::ApiError if the server cannot be reached at the start, or does not come back
RunnerReport run_jobs(client::Api& api, const RunnerOptions& options, const std::stop_token& stop,
                      const std::function<void(const RunnerReport&, std::int64_t running)>& on_change = {});

}  // namespace torc::runner
