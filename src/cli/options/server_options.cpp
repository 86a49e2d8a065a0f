#include "cli/options/server_options.hpp"

#include <optional>

#include <fmt/format.h>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {

void add_listen_options(Command command, server::ServerOptions& options) {
  command.option("-H,--host", options.host, "Address to listen on").check(check_not_empty).capture_default_str();
  command.option("-p,--port", options.port, "Port to listen on; 0: any free one").capture_default_str();
  command.option("-t,--threads", options.readers, "Threads that answer questions; changes have one of their own")
      .type_name("N")
      .range(1, 64)
      .capture_default_str();
}

void add_database_option(Command command, std::string& database) {
  command.option("-d,--database", database, "SQLite file, or sqlite:FILE (Env:DATABASE_URL) [torc.db]")
      .type_name("FILE")
      .check(check_not_empty);
}

void add_commit_options(Command command, server::ServerOptions& options) {
  const auto set = [&options](const std::string& word) {
    options.durability = word == "full" ? store::Durability::full : store::Durability::normal;
  };
  command
      .option_function<std::string>(
          "--synchronous", set,
          "full: what is answered survives a power cut. normal: only the end of the server; faster")
      .type_name("WHEN")
      .check(check_one_of({"full", "normal"}))
      .default_str("full");
  command
      .option_function<double>(
          "-c,--completion-check-interval-secs", [](double) {},
          "Accepted, no effect: a job is ready at once when its last blocker ends")
      .type_name("SECONDS");
  command.flag("--no-additions", options.no_additions,
               "Do without what torc 0.23 does not have; to see how clients get on with that");
}

namespace {

/// Nothing where `text` is no time to wait for workers; 0: for ever.
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
                                   : fmt::format("'{}' is neither a number of seconds from 1 to 604800 nor off", text);
}

}  // namespace

void add_worker_timeout(Command command, server::ServerOptions& options) {
  const auto set = [&options](const std::string& text) {
    options.worker_timeout = worker_timeout_from(text).value_or(options.worker_timeout);
  };
  command
      .option_function<std::string>(
          "--worker-timeout", set,
          "A runner that is silent for so long is lost: its jobs are ready again. off (or 0): "
          "none is ever lost")
      .type_name("SECONDS")
      .check(check_worker_timeout)
      .default_str("90");
}

void add_service_options(Command command, ServiceOptions& options) {
  command
      .option("--log-dir", options.log.directory,
              fmt::format("Log to torc-server.log in this directory, not to standard error; {} MiB, then a new one, {} "
                          "older ones are kept",
                          base::k_log_file_bytes / 1024 / 1024, base::k_log_files))
      .type_name("DIR");
  command.flag("--json-logs", options.log.json, "Log one JSON object a line");
  command.option("--pid-file", options.pid_file, "Write the process's id to this file, removed at the end")
      .type_name("FILE");
  command.flag("--trust-owner", options.trust_owner,
               "Use a database or log directory that belongs to another user than the server's and root");
  command.flag("--daemon", options.daemon, "Go on in the background once it listens; keep a log with --log-dir");
}

std::string database_path(const std::string& given) {
  constexpr std::string_view k_scheme = "sqlite:";
  const std::string text = given.empty() ? base::env_or("DATABASE_URL", "torc.db") : given;
  if (!text.starts_with(k_scheme)) {
    if (text.find("://") != std::string::npos) {
      throw base::UsageError(
          fmt::format("{} names no SQLite file; give --database FILE", given.empty() ? "DATABASE_URL" : "--database"));
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
