#pragma once

#include "torc/app/fleet/watch_fleet.hpp"
#include "torc/cli/command.hpp"

namespace torc::cli {

/// Reports how the watch ended. @param standalone  The server ends with this command.
/// @returns the exit status: 0 only if all jobs completed
int report_watch_end(const app::WatchOutcome& outcome, model::Id workflow_id, bool standalone, const Output& output);

}  // namespace torc::cli
