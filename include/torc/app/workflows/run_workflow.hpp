#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>

#include "torc/app/server_access.hpp"
#include "torc/app/workflows/job_counts.hpp"
#include "torc/runner/runner.hpp"

namespace torc::app {

class Reporter;

/// The request of `torc run` and `torc exec`.
struct RunRequest {
  /// `api_url` and `credentials` are filled in. With `worker`, a manager has initialized the workflow.
  runner::RunnerOptions runner{};
  bool skip_checks{false};  ///< Do not check input files.
  /// The number of jobs, if this command has just created the workflow. The server is then not queried for the progress
  /// so far, and input files are not checked.
  std::optional<std::int64_t> new_jobs{};
};

struct RunOutcome {
  runner::RunnerReport report{};
  JobCounts counts{};  ///< Of the workflow; with `worker`, of this runner only.
  std::chrono::milliseconds took{0};
};

/// Runs the jobs of a workflow on this machine until it has ended or a stop is requested, and reports the progress. A
/// workflow that is not initialized is initialized first.
///
/// Jobs outlive this process unless it has a guardian (torc/proc/guardian.hpp).
/// @throws base::Error
RunOutcome run_workflow(client::Api& api, RunRequest request, const ServerAccess& server, Reporter& reporter,
                        const std::stop_token& stop);

}  // namespace torc::app
