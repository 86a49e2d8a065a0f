#pragma once

#include <string>

namespace torc::server {
struct SecurityOptions;
}

namespace torc::cli {

class Command;

/// The options of a server that say who may talk to it, and how.
/// @param security  Written by the parser: has to live as long as `command`.
void add_security_options(Command command, server::SecurityOptions& security);

/// For the line that a server prints: "no authentication", "passwords required, access control".
std::string describe_security(const server::SecurityOptions& security);

}  // namespace torc::cli
