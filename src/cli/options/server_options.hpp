#pragma once

#include <string>
#include <vector>

#include "cli/parser/command_info.hpp"
#include "torc/base/log.hpp"
#include "torc/server/server.hpp"

namespace torc::cli {

/// Options of `torc server run` that concern the process, not the server itself.
struct ServiceOptions {
  std::string log_directory{};
  bool json_logs{false};
  std::string pid_file{};
  bool daemon{false};
  bool trust_owner{false};
};

/// -H, -p, -t
std::vector<OptionInfo> listen_options(server::ServerOptions& options);

/// -d; interpreted by `database_path`.
OptionInfo database_option(std::string& database);

/// --synchronous, -c, --no-additions
std::vector<OptionInfo> commit_options(server::ServerOptions& options);

/// --worker-timeout
OptionInfo worker_timeout_option(server::ServerOptions& options);

/// --log-dir, --json-logs, --pid-file, --daemon, --trust-owner
std::vector<OptionInfo> service_options(ServiceOptions& options);

/// The path that --database or DATABASE_URL names: PATH, sqlite:PATH or sqlite://PATH, with or without ?PARAMETERS.
/// @param given  The value on the command line; empty: DATABASE_URL, else torc.db.
/// @throws UsageError for a URL of another database
std::string database_path(const std::string& given);

}  // namespace torc::cli
