#include <signal.h>
#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <condition_variable>
#include <mutex>
#include <optional>

#include "cli/commands.hpp"
#include "cli/options/limit_options.hpp"
#include "cli/options/security_options.hpp"
#include "cli/options/server_options.hpp"
#include "torc/base/file.hpp"
#include "torc/base/path_trust.hpp"
#include "torc/base/pid_file.hpp"
#include "torc/base/private_file.hpp"
#include "torc/base/version.hpp"
#include "torc/proc/daemon.hpp"
#include "torc/proc/open_files.hpp"
#include "torc/server/server.hpp"

namespace torc::cli {
namespace {

struct ServerRunOptions {
  server::ServerOptions server{};
  ServiceOptions service{};
};

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

/// The running server, if there is one, which the signal thread may reload.
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

void start_log(const ServiceOptions& options, const std::string& level, base::Owner owner) {
  base::LogSettings settings{.json = options.json_logs};
  if (const std::string word = level.empty() ? base::env_or("RUST_LOG") : level; !word.empty()) {
    settings.level = base::log_level_from(word);
  }
  if (!options.log_directory.empty()) {
    base::require_trusted_path(options.log_directory, base::PathKind::directory, owner, "log directory");
    base::make_private_directories(options.log_directory);
    settings.file = options.log_directory + "/torc-server.log";
  }
  base::log_start(settings);
}

/// Descriptors for other purposes than accepted clients: database, log, and clients that are refused because there are
/// too many.
constexpr std::size_t k_own_descriptors = 200;

/// Each client needs a descriptor, so this raises the limit as far as the system allows. Without a free descriptor, a
/// further client could not even be refused.
void fit_connections(server::LimitOptions& limits) {
  const rlim_t files = proc::raise_open_files();
  if (files >= limits.connections + k_own_descriptors) {
    return;
  }
  const std::size_t possible = files > k_own_descriptors ? static_cast<std::size_t>(files) - k_own_descriptors : 1;
  base::log_warning(
      "{} connections at once, not {}: 'ulimit -n' allows {} open files; raise it, or lower --max-connections",
      possible, limits.connections, files);
  limits.connections = possible;
}

/// Reports a line about the server: in the log if there is one, else on the terminal.
void announce(const ServerRunOptions& options, const server::Server& server, const Output& output) {
  const std::string text = fmt::format("torc server {} at {} (database {}, {}{})", base::k_version, address_of(server),
                                       options.server.database, describe_security(options.server.security),
                                       server.is_loopback() ? ": this machine only" : "");
  if (options.service.json_logs || !options.service.log_directory.empty()) {
    base::log_info("{}", text);
  }
  if (!options.service.json_logs) {
    output.note(text);
  }
  if (output.json()) {
    output.document({{"port", server.port()}, {"url", server.url()}});
  }
  output.line(fmt::format("TORC_SERVER_PORT={}", server.port()));
}

int serve(ServerRunOptions& options, proc::Detached& detached, CommandContext& context) {
  if (options.service.trust_owner || context.options().trust_owner) {
    options.server.owner = base::Owner::anybody;
  }
  start_log(options.service, context.options().log_level, options.server.owner);
  fit_connections(options.server.limits);
  const auto reloadable = std::make_shared<Reloadable>();
  std::function<void()> on_hangup;
  // For a service, SIGHUP requests a reload, even if there is nothing to reload; otherwise it means that the terminal
  // was closed.
  if (options.server.security.has_files() || options.service.daemon || ::isatty(STDERR_FILENO) == 0) {
    on_hangup = [reloadable] { reloadable->reload(); };
  }
  // First of all, so that the server's threads do not receive signals.
  const std::stop_token stop = context.stop_on_signal(proc::FurtherSignals::end_program, std::move(on_hangup));
  std::optional<base::PidFile> pid_file;
  if (!options.service.pid_file.empty()) {
    pid_file.emplace(options.service.pid_file);
  }
  server::Server server{options.server};
  reloadable->set(&server);
  announce(options, server, context.output());
  if (options.service.daemon) {
    proc::report_ready(detached);
  }
  wait_for(stop);
  base::log_info("signal {}: finishing accepted requests, then exiting", context.stop_signal());
  reloadable->set(nullptr);
  server.stop();
  return k_exit_ok;
}

int server_run(ServerRunOptions options, CommandContext& context) {
  options.server.database = database_path(options.server.database);
  // Before any thread is started, since threads do not survive a fork.
  auto detached = options.service.daemon ? proc::detach() : proc::Detached{};
  return detached.is_parent ? detached.exit_status : serve(options, detached, context);
}

}  // namespace

CommandInfo server_run_command() {
  auto options = std::make_shared<ServerRunOptions>();
  return {.path = "server run",
          .summary = "Run the server until stopped",
          .description =
              "SIGTERM and SIGINT: answers the requests it has accepted, then exits with status 0.\nSIGHUP: reads "
              "password file, certificate and key again; a server on a terminal that has none of them exits.",
          .options = joined(
              listen_options(options->server), std::vector<OptionInfo>{database_option(options->server.database)},
              commit_options(options->server), std::vector<OptionInfo>{worker_timeout_option(options->server)},
              service_options(options->service), security_options(options->server.security),
              limit_options(options->server.limits)),
          .examples =
              {{.command = "torc server run --database ~/torc.db"},
               {.command = "torc server run --host 0.0.0.0 --port 9000 --database /srv/torc/torc.db"},
               {.command = "torc server run --worker-timeout 30"},
               {.comment = "In the background",
                .command =
                    "torc server run --daemon --log-dir ~/torc-logs --pid-file ~/torc.pid \\\n  --database ~/torc.db"},
               {.comment = "With TLS and passwords",
                .command = "torc server run --host 0.0.0.0 --https --tls-cert torc.pem \\\n  --tls-key torc.key "
                           "--auth-file users --require-auth"}},
          .run = [options](CommandContext& context) { return server_run(*options, context); }};
}

}  // namespace torc::cli
