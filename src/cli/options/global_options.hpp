#pragma once

#include <vector>

#include "cli/parser/command_info.hpp"

namespace torc::cli {

/// The options of every command. Sets their defaults in `options`.
std::vector<OptionInfo> global_options(GlobalOptions& options);

/// Whether a command line asks for JSON, found without parsing it: for errors of parsing itself.
bool asks_for_json(int argc, const char* const* argv);

}  // namespace torc::cli
