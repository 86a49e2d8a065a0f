#pragma once

namespace torc::server {
struct LimitOptions;
}

namespace torc::cli {

class Command;

/// The options of a server that say how much a client may take of it.
/// @param limits  Written by the parser: has to live as long as `command`.
void add_limit_options(Command command, server::LimitOptions& limits);

}  // namespace torc::cli
