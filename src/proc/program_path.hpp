#pragma once

#include <string>
#include <vector>

namespace torc::proc {

/// The files that execvp(3) tries for a program of that name, in order: one in each directory of PATH, or
/// the name itself where it holds a slash.
std::vector<std::string> paths_of_program(const std::string& name);

}  // namespace torc::proc
