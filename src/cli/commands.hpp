#pragma once

#include "torc/cli/command.hpp"

namespace torc::cli {

/// All subcommands, in the order in which help shows them.
void add_commands(Command app, Action& chosen);

}  // namespace torc::cli
