#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <condition_variable>
#include <mutex>

#include "cli/limit_options.hpp"
#include "cli/security_options.hpp"
#include "torc/base/version.hpp"
#include "torc/cli/command.hpp"
#include "torc/server/server.hpp"

namespace torc::cli {
namespace {

void wait_for(const std::stop_token& token) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock{mutex};
  stopped.wait(lock, token, [] { return false; });
}

/// "http://127.0.0.1:8080", without the path that clients add.
std::string address_of(const server::Server& server) {
  const std::string url = server.url();
  return url.substr(0, url.find('/', std::string{"https://"}.size()));
}

int server_run(const server::ServerOptions& options, Services& services) {
  // First of all: the server's threads leave signals alone.
  const std::stop_token stop = services.stop_on_signal();
  server::Server server{options};
  const bool is_local = server.is_loopback();
  services.output().note(fmt::format("torc server {} at {} (database {}, no authentication{})", base::k_version,
                                     address_of(server), options.database, is_local ? ": this machine only" : ""));
  if (services.output().json()) {
    services.output().document({{"port", server.port()}, {"url", server.url()}});
  }
  services.output().line(fmt::format("TORC_SERVER_PORT={}", server.port()));
  wait_for(stop);
  server.stop();
  return k_exit_ok;
}

}  // namespace

void add_server_run(CLI::App& parent, Action& chosen) {
  auto options = std::make_shared<server::ServerOptions>();
  options->database = "torc.db";
  CLI::App* command = parent.add_subcommand("run", "Keep workflows and give out their jobs, until it is stopped");
  command->add_option("-H,--host", options->host, "Address to listen on")->capture_default_str();
  command->add_option("-p,--port", options->port, "Port to listen on; 0: any free one")->capture_default_str();
  command->add_option("-d,--database", options->database, "SQLite file; made where there is none")->capture_default_str();
  add_security_options(*command, options->security);
  add_limit_options(*command, options->limits);
  command->footer(
      "Examples:\n"
      "  torc server run --database ~/torc.db\n"
      "  torc server run --host 0.0.0.0 --port 9000 --database /srv/torc/torc.db\n"
      "SIGTERM or SIGINT: answers what it has accepted, then ends with exit status 0.\n");
  command->callback([options, &chosen] {
    chosen = [options](Services& services) { return server_run(*options, services); };
  });
}

}  // namespace torc::cli
