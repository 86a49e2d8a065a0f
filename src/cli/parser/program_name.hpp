#pragma once

#include <vector>

namespace torc::cli {

/// The complete command line. If the program is called as torc-server (a link that the installation makes), it is `torc
/// server run`, or the command of `torc server` that the first word names: `torc-server -p 8080`, `torc-server run`,
/// `torc-server check`.
std::vector<const char*> full_command_line(int argc, const char* const* argv);

}  // namespace torc::cli
