#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/parser/command_line.hpp"

namespace torc::cli {

/// --max-size SIZE, in bytes or with k, m, g or t: how much an archive may hold unpacked.
Option add_max_size_option(Command command, std::optional<std::uint64_t>& target, const std::string& help);

}  // namespace torc::cli
