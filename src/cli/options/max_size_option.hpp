#pragma once

#include <cstdint>
#include <optional>

#include "cli/parser/command_info.hpp"

namespace torc::cli {

/// --max-size SIZE, in bytes or with k, m, g or t: the maximum size of an archive's content. Without help.
OptionInfo max_size_option(std::optional<std::uint64_t>& target);

}  // namespace torc::cli
