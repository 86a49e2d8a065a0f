#pragma once

#include <vector>

#include "cli/parser/command_info.hpp"

namespace torc::server {
struct LimitOptions;
}

namespace torc::cli {

/// --max-body-size, --max-connections, --idle-timeout, --request-timeout: the limits of `torc server run` on clients.
std::vector<OptionInfo> limit_options(server::LimitOptions& limits);

}  // namespace torc::cli
