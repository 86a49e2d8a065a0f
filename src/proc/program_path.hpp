#pragma once

#include <string>
#include <vector>

namespace torc::proc {

/// The paths that execvp(3) tries for a program, in order: one per directory of PATH, or the name itself if it has a
/// slash.
std::vector<std::string> paths_of_program(const std::string& name);

}  // namespace torc::proc
