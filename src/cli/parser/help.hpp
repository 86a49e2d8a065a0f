#pragma once

#include <string>

#include "cli/parser/command_info.hpp"

namespace torc::cli {

/// "torc remote run [OPTIONS] [WORKFLOW_ID]"
std::string usage_line(const CommandTable& table, const CommandInfo& command);

/// What `--help` prints, in at most 80 columns, without the final newline.
std::string render_help(const CommandTable& table, const CommandInfo& command);

}  // namespace torc::cli
