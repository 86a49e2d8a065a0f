#pragma once

#include <string>
#include <vector>

namespace torc::cli {

/// Copies the program's arguments and blots out its secrets (--password, --cookie-header, the
/// login of a URL) where other users of the
/// machine can read them (/proc/PID/cmdline).
/// @param argv  Those that main got: the ones of the process itself.
std::vector<std::string> take_arguments(int argc, char** argv);

}  // namespace torc::cli
