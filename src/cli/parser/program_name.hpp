#pragma once

#include <vector>

namespace torc::cli {

/// The command line in full. Called by the name torc-server (the link that the install step makes), the program is
/// `torc server run`, or the command of `torc server` that stands first: `torc-server -p 8080`, `torc-server run`,
/// `torc-server check`.
std::vector<const char*> full_command_line(int argc, const char* const* argv);

}  // namespace torc::cli
