#include "cli/options/server_options.hpp"

#include <optional>

#include <fmt/format.h>

#include "cli/parser/checks.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {

std::vector<OptionInfo> listen_options(server::ServerOptions& options) {
  return {{.names = "-H,--host",
           .target = &options.host,
           .value = "HOST",
           .check = check_not_empty,
           .default_text = options.host,
           .help = "Address to listen on"},
          {.names = "-p,--port",
           .target = &options.port,
           .value = "PORT",
           .default_text = std::to_string(options.port),
           .help = "Port to listen on; 0 chooses a free one"},
          {.names = "-t,--threads",
           .target = &options.readers,
           .value = "N",
           .range = Range{1, 64},
           .default_text = std::to_string(options.readers),
           .help = "Threads for reads; all writes use one more thread"}};
}

OptionInfo database_option(std::string& database) {
  return {.names = "-d,--database",
          .target = &database,
          .value = "FILE",
          .check = check_not_empty,
          // The parser does not read DATABASE_URL, because an empty value is ignored.
          .completion = Completion::file,
          .help = "SQLite file, or sqlite:FILE (default: DATABASE_URL, else torc.db)"};
}

std::vector<OptionInfo> commit_options(server::ServerOptions& options) {
  const auto set_durability = [&options](const std::string& word) {
    options.durability = word == "full" ? store::Durability::full : store::Durability::normal;
  };
  return {{.names = "--synchronous",
           .target = set_durability,
           .value = "WHEN",
           .choices = {"full", "normal"},
           .default_text = "full",
           .help = "full: acknowledged changes survive a power failure. normal: faster, but they survive only a crash "
                   "of the server"},
          {.names = "-c,--completion-check-interval-secs",
           .value = "SECONDS",
           .check = check_number,
           .help = "Accepted and ignored: a job is ready as soon as its last dependency ends"},
          {.names = "--no-additions",
           .target = &options.no_additions,
           .help = "Disable the additions to the interface of torc 0.23, to test how clients work without them"}};
}

namespace {

/// @returns nothing if `text` is not a valid time; 0 means no limit
std::optional<std::chrono::milliseconds> worker_timeout_from(const std::string& text) {
  constexpr std::int64_t k_longest_s = std::int64_t{7} * 24 * 3600;
  if (base::to_lower(text) == "off") {
    return std::chrono::milliseconds(0);
  }
  const auto seconds = base::parse_int(text);
  return seconds && *seconds >= 0 && *seconds <= k_longest_s ? std::optional(std::chrono::seconds(*seconds))
                                                             : std::nullopt;
}

std::string check_worker_timeout(const std::string& text) {
  return worker_timeout_from(text) ? ""
                                   : fmt::format("'{}' is not valid (expected seconds from 1 to 604800, or off)", text);
}

}  // namespace

OptionInfo worker_timeout_option(server::ServerOptions& options) {
  const auto set = [&options](const std::string& text) {
    options.worker_timeout = worker_timeout_from(text).value_or(options.worker_timeout);
  };
  return {.names = "--worker-timeout",
          .target = set,
          .value = "SECONDS",
          .check = check_worker_timeout,
          .default_text = "90",
          .help = "Consider a runner lost after this long without a heartbeat, and requeue its jobs; off or 0: never"};
}

std::vector<OptionInfo> service_options(ServiceOptions& options) {
  return {
      {.names = "--log-dir",
       .target = &options.log_directory,
       .value = "DIR",
       .completion = Completion::directory,
       .help = fmt::format("Log to torc-server.log in this directory instead of standard error; {} MiB per file, {} "
                           "older files are kept",
                           base::k_log_file_bytes / 1024 / 1024, base::k_log_files)},
      {.names = "--json-logs", .target = &options.json_logs, .help = "Log one JSON object per line"},
      {.names = "--pid-file",
       .target = &options.pid_file,
       .value = "FILE",
       .completion = Completion::file,
       .help = "Write the process ID to this file; removed at the end"},
      {.names = "--trust-owner",
       .target = &options.trust_owner,
       .help = "Use a database or log directory owned by a user other than the server's and root"},
      {.names = "--daemon",
       .target = &options.daemon,
       .help = "Run in the background once the server listens; use --log-dir to keep a log"}};
}

std::string database_path(const std::string& given) {
  constexpr std::string_view k_scheme = "sqlite:";
  const std::string text = given.empty() ? base::env_or("DATABASE_URL", "torc.db") : given;
  if (!text.starts_with(k_scheme)) {
    if (text.find("://") != std::string::npos) {
      throw base::UsageError(fmt::format("{} does not name a SQLite file; use --database FILE",
                                         given.empty() ? "DATABASE_URL" : "--database"));
    }
    return text;
  }
  std::string path = text.substr(k_scheme.size());
  if (path.starts_with("//")) {
    path.erase(0, 2);
  }
  path = path.substr(0, path.find('?'));
  if (path.empty() || path == ":memory:") {
    throw base::UsageError("the database must be a file: sqlite:FILE");
  }
  return path;
}

}  // namespace torc::cli
