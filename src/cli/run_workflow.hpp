#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "torc/cli/command.hpp"
#include "torc/runner/runner.hpp"

namespace torc::cli {

/// What `torc run` and `torc exec` tell run_workflow.
struct RunRequest {
  /// `api_url` and `kill_now` are filled in. With `worker`, a manager has initialised the workflow.
  runner::RunnerOptions runner{};
  bool skip_checks{false};  ///< Do not look for input files.
  bool tell_output{false};  ///< Where jobs failed, say where their output is.
  /// Where this command made the workflow just now: how many jobs it has. Then the server need not be asked how far the
  /// workflow is; and no input file is looked for.
  std::optional<std::int64_t> new_jobs{};
};

/// Gives this process a guardian, so that no job outlives it (torc/proc/guardian.hpp), and from here on signals ask for
/// an orderly end. To be called before anything is started: the guardian is made while there is one thread, and what
/// the embedded server starts must not get signals.
void prepare_run(Services& services);

/// Runs the jobs of a workflow on this machine until it is over, with a line of progress on a terminal, and prints how
/// it ended. A workflow that was only created is initialised first.
///
/// prepare_run has to be called before.
/// @returns the exit status: 1 where jobs failed, or were left although nothing stopped the run
int run_workflow(Services& services, RunRequest request);

}  // namespace torc::cli
