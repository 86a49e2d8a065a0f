#pragma once

#include "cli/job_counts.hpp"
#include "torc/cli/command.hpp"

namespace torc::cli {

/// How a workflow stood when the waiting ended.
struct WaitResult {
  enum class End {
    complete,
    canceled,
    no_workers,   ///< No runner is left, jobs are.
    interrupted,  ///< The user did not want to wait longer.
  };

  End end{End::complete};
  JobCounts jobs{};
};

/// Waits until the workflow is complete or canceled, nobody works on it any more, or the user interrupts. Notes on
/// standard error tell how far it is.
/// @throws base::ApiError where the server stays away for minutes
WaitResult wait_for_workflow(Services& services, model::Id workflow_id);

}  // namespace torc::cli
