#pragma once

#include <string>

#include "torc/client/api.hpp"

namespace torc::cli {

/// Lets the user choose one of their workflows on the terminal.
/// @throws UsageError if standard input is not a terminal, or ends without a choice
/// @throws Error if the user has no workflows
model::Id choose_workflow(client::Api& api, const std::string& user);

}  // namespace torc::cli
