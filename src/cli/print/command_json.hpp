#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include "cli/parser/command_info.hpp"

namespace torc::cli {

/// The command `path` and all commands below it, with their options.
nlohmann::json commands_json(const CommandTable& table, std::string_view path);

}  // namespace torc::cli
