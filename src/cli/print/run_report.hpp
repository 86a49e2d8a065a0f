#pragma once

#include <string>

#include "torc/app/workflows/run_workflow.hpp"
#include "torc/cli/command.hpp"

namespace torc::cli {

/// Reports how a run on this machine ended.
/// @param output_directory  Where the output of failed jobs is; empty: not shown.
/// @returns the exit status: 1 if jobs failed, or if jobs are left although the run was not stopped
int report_run(const app::RunOutcome& outcome, model::Id workflow_id, const std::string& output_directory,
               const GlobalOptions& options, const Output& output);

}  // namespace torc::cli
