#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torc::cli {

/// Copies the program's arguments, and overwrites secrets (--password, --cookie-header, the login in a URL) in the
/// original, which other users of the machine can read (/proc/PID/cmdline).
/// @param argv  The argument list passed to `main`, not a copy.
std::vector<std::string> take_arguments(int argc, char** argv);

/// Whether a URL contains a login: "http://user:password@host/".
bool has_login(std::string_view url);

}  // namespace torc::cli
