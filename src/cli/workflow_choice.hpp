#pragma once

#include <string>

#include "torc/client/api.hpp"

namespace torc::cli {

/// Lets the user pick one of their workflows on the terminal.
/// @throws UsageError where standard input is no terminal, or ends without a choice
/// @throws Error where the user has no workflow
model::Id choose_workflow(client::Api& api, const std::string& user);

}  // namespace torc::cli
