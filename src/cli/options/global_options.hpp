#pragma once

#include <vector>

#include "cli/parser/command_info.hpp"

namespace torc::cli {

/// The options of every command. Sets their defaults in `options`.
std::vector<OptionInfo> global_options(GlobalOptions& options);

/// Whether a command line requests JSON, determined without parsing it, for the errors of parsing.
bool asks_for_json(int argc, const char* const* argv);

}  // namespace torc::cli
