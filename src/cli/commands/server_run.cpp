#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <condition_variable>
#include <mutex>

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

/// The server that a signal's thread may reload, while there is one.
class Reloadable {
 public:
  void set(server::Server* server) {
    const std::lock_guard lock{m_mutex};
    m_server = server;
  }
  void reload() {
    const std::lock_guard lock{m_mutex};
    if (m_server != nullptr) {
      m_server->reload();
    }
  }

 private:
  std::mutex m_mutex;
  server::Server* m_server{nullptr};
};

int server_run(const server::ServerOptions& options, Services& services) {
  const auto reloadable = std::make_shared<Reloadable>();
  std::function<void()> on_hangup;
  if (options.security.has_files()) {
    on_hangup = [reloadable] { reloadable->reload(); };
  }
  // First of all: the server's threads leave signals alone.
  const std::stop_token stop = services.stop_on_signal(proc::FurtherSignals::end_program, std::move(on_hangup));
  server::Server server{options};
  reloadable->set(&server);
  services.output().note(fmt::format("torc server {} at {} (database {}, {}{})", base::k_version, address_of(server),
                                     options.database, describe_security(options.security),
                                     server.is_loopback() ? ": this machine only" : ""));
  if (services.output().json()) {
    services.output().document({{"port", server.port()}, {"url", server.url()}});
  }
  services.output().line(fmt::format("TORC_SERVER_PORT={}", server.port()));
  wait_for(stop);
  reloadable->set(nullptr);
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
  command->footer(
      "Examples:\n"
      "  torc server run --database ~/torc.db\n"
      "  torc server run --host 0.0.0.0 --port 9000 --database /srv/torc/torc.db\n"
      "  torc server run --host 0.0.0.0 --https --tls-cert torc.pem --tls-key torc.key --auth-file users --require-auth\n"
      "SIGTERM or SIGINT: answers what it has accepted, then ends with exit status 0.\n"
      "SIGHUP: reads password file, certificate and key again.\n");
  command->callback([options, &chosen] {
    chosen = [options](Services& services) { return server_run(*options, services); };
  });
}

}  // namespace torc::cli
