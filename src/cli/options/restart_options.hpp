#pragma once

#include <vector>

#include "cli/parser/command_info.hpp"
#include "torc/app/fleet/restart_options.hpp"

namespace torc::cli {

/// --restart, --max-restarts, --restart-pause
std::vector<OptionInfo> restart_options(app::RestartOptions& options);

}  // namespace torc::cli
