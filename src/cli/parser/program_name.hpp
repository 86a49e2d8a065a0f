#pragma once

#include <vector>

namespace torc::cli {

/// The complete command line. The installation makes links to the program, whose names choose commands:
/// - torc-server is `torc server run`, or the command of `torc server` that the first word names: `torc-server -p 8080`,
///   `torc-server run`, `torc-server check`.
/// - torc-htpasswd is `torc htpasswd`.
std::vector<const char*> full_command_line(int argc, const char* const* argv);

}  // namespace torc::cli
