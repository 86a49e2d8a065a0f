#pragma once

#include <string>
#include <vector>

#include "cli/parser/command_info.hpp"

namespace torc::server {
struct SecurityOptions;
}

namespace torc::cli {

/// --https to --allowed-host: who may talk to `torc server run`, and how.
std::vector<OptionInfo> security_options(server::SecurityOptions& security);

/// For the line that a server prints: "no authentication", "passwords required, access control".
std::string describe_security(const server::SecurityOptions& security);

}  // namespace torc::cli
