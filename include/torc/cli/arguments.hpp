#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torc::cli {

/// Copies the program's arguments and blots out its secrets (--password, --cookie-header, the
/// login of a URL) where other users of the
/// machine can read them (/proc/PID/cmdline).
/// @param argv  Those that main got: the ones of the process itself.
std::vector<std::string> take_arguments(int argc, char** argv);

/// Whether a URL carries a login: "http://user:password@host/".
bool has_login(std::string_view url);

}  // namespace torc::cli
