#pragma once

#include <string>

#include "torc/app/workflows/run_workflow.hpp"
#include "torc/cli/command.hpp"

namespace torc::cli {

/// Says how a run of this machine ended.
/// @param output_directory  Where the output of failed jobs is; empty: that is not said.
/// @returns the exit status: 1 where jobs failed, or were left although nothing stopped the run
int report_run(const app::RunOutcome& outcome, model::Id workflow_id, const std::string& output_directory,
               const GlobalOptions& options, const Output& output);

}  // namespace torc::cli
