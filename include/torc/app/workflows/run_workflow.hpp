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

/// What `torc run` and `torc exec` tell run_workflow.
struct RunRequest {
  /// `api_url` and `credentials` are filled in. With `worker`, a manager has initialised the workflow.
  runner::RunnerOptions runner{};
  bool skip_checks{false};  ///< Do not look for input files.
  /// Where this command made the workflow just now: how many jobs it has. Then the server need not be asked how far the
  /// workflow is; and no input file is looked for.
  std::optional<std::int64_t> new_jobs{};
};

struct RunOutcome {
  runner::RunnerReport report{};
  JobCounts counts{};  ///< Of the workflow; of a worker's run, what it did itself.
  std::chrono::milliseconds took{0};
};

/// Runs the jobs of a workflow on this machine until it is over or a stop is requested, and reports the progress. A
/// workflow that was only created is initialised first.
///
/// The process must have a guardian (torc/proc/guardian.hpp) if no job may outlive it.
/// @throws base::Error
RunOutcome run_workflow(client::Api& api, RunRequest request, const ServerAccess& server, Reporter& reporter,
                        const std::stop_token& stop);

}  // namespace torc::app
