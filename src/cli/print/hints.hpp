#pragma once

#include <string>

#include "torc/cli/command.hpp"

namespace torc::cli {

/// How a hint must call this program so that the suggested command finds the same workflow: "torc", or "torc -s" with
/// the database of the standalone server.
std::string program_in_hints(const GlobalOptions& options);

}  // namespace torc::cli
