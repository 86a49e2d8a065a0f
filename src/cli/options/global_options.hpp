#pragma once

#include <memory>

#include "torc/cli/command.hpp"

namespace torc::cli {

/// Adds the global options to the root. What parsing found stands in the returned object afterwards.
std::shared_ptr<GlobalOptions> add_global_options(Command app);

/// Whether a command line asks for JSON, found without parsing it: for errors of parsing itself.
bool asks_for_json(int argc, const char* const* argv);

}  // namespace torc::cli
