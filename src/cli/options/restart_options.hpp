#pragma once

#include "cli/parser/command_line.hpp"
#include "torc/app/fleet/restart_options.hpp"

namespace torc::cli {

/// --restart, --max-restarts, --restart-pause. @returns the first
Option add_restart_options(Command command, app::RestartOptions& options);

}  // namespace torc::cli
