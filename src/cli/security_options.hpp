#pragma once

namespace CLI {
class App;
}
namespace torc::server {
struct SecurityOptions;
}

namespace torc::cli {

/// The options of a server that say who may talk to it, and how.
/// @param security  Written by the parser: has to live as long as `command`.
void add_security_options(CLI::App& command, server::SecurityOptions& security);

}  // namespace torc::cli
