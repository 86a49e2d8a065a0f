#pragma once

#include <string>

#include "torc/base/log.hpp"
#include "torc/server/server.hpp"

namespace torc::cli {

class Command;

/// What `torc server run` is told besides what the server itself needs.
struct ServiceOptions {
  base::LogSettings log{};
  std::string pid_file{};
  bool daemon{false};
  bool trust_owner{false};
};

/// -H, -p, -t
void add_listen_options(Command command, server::ServerOptions& options);

/// -d, or DATABASE_URL; understood as `database_path` does.
void add_database_option(Command command, std::string& database);

/// --synchronous, -c
void add_commit_options(Command command, server::ServerOptions& options);

/// --worker-timeout
void add_worker_timeout(Command command, server::ServerOptions& options);

/// --log-dir, --json-logs, --pid-file, --daemon, --trust-owner
void add_service_options(Command command, ServiceOptions& options);

/// The path that --database or DATABASE_URL names: PATH, sqlite:PATH or sqlite://PATH, with or without ?PARAMETERS.
/// @param given  What stands on the command line; empty: DATABASE_URL, else torc.db.
/// @throws UsageError for a URL of another database
std::string database_path(const std::string& given);

}  // namespace torc::cli
