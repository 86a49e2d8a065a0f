// Theory of operation: the tunnel is a separate process, `torc remote tunnel --daemon`, so that it outlives the command
// that started it. Commands find it through a state file, a lock and a socket (torc/remote/tunnel_link.hpp). A command
// that needs the tunnel takes the start lock, ends a process whose target is no longer the server's address, starts a
// process if none listens, and requests forwards over the socket. While this connection is open, the tunnel does not
// end on its own. If the process was just about to end, the connection breaks; then the command repeats all of this
// once.

#include "torc/app/tunnel/server_tunnel.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include <fmt/format.h>

#include "torc/app/reporter.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/command.hpp"
#include "torc/proc/process_end.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::app {
namespace {

using TunnelState = remote::TunnelInfo::State;

/// Time for the tunnel's ssh processes to end, including a second attempt.
constexpr int k_end_limit_ms = 10'000;

/// The path of this program, even if its file has been replaced since.
std::string own_program() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error || !std::filesystem::exists(path, error) ? "/proc/self/exe" : path.string();
}

std::vector<std::string> tunnel_environment(const client::Connection& connection) {
  std::vector<std::string> variables;
  const auto is_ours = [](const std::string& entry) {
    for (const char* name : {"TORC_API_URL=", "TORC_USERNAME=", "TORC_PASSWORD=", "TORC_COOKIE_HEADER=",
                             "TORC_TLS_CA_CERT=", "TORC_TLS_INSECURE="}) {
      if (entry.starts_with(name)) {
        return true;
      }
    }
    return false;
  };
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!is_ours(*entry)) {
      variables.emplace_back(*entry);
    }
  }
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) {
      variables.push_back(std::string(name) + "=" + value);
    }
  };
  add("TORC_API_URL", connection.url);
  add("TORC_USERNAME", connection.user);
  add("TORC_PASSWORD", connection.password);
  add("TORC_COOKIE_HEADER", connection.cookie_header);
  add("TORC_TLS_CA_CERT", connection.tls_ca_cert);
  add("TORC_TLS_INSECURE", connection.tls_insecure ? "true" : "");
  return variables;
}

/// Starts the process that holds the tunnel; when this returns, the process listens.
void start_tunnel(model::Id workflow_id, const remote::SshOptions& ssh, const ServerAccess& server,
                  const std::stop_token& stop) {
  proc::Command command;
  command.argv = {own_program(),
                  "remote",
                  "tunnel",
                  std::to_string(workflow_id),
                  "--daemon",
                  "--on-demand",
                  "--max-parallel-ssh",
                  std::to_string(ssh.slots->count())};
  for (const auto& option : ssh.options) {
    command.argv.insert(command.argv.end(), {"--ssh-option", option});
  }
  if (server.connection.skip_version_check) {
    command.argv.emplace_back("--skip-version-check");
  }
  if (server.is_embedded) {
    // The server ends with this process.
    command.argv.insert(command.argv.end(), {"--until-pid", std::to_string(::getpid())});
  }
  command.env = tunnel_environment(server.connection);
  const auto result = proc::run_command(command, stop);
  if (!result.ok()) {
    const std::string said = base::printable_line(base::trim(result.err));
    throw base::Error(fmt::format("the server tunnel does not start: {}", said.starts_with("Error: ") ? said.substr(7)
                                                                          : said.empty()
                                                                              ? remote::failure_reason(result)
                                                                              : said));
  }
}

/// Waits for the end of the recorded process. @param number  The signal to send first; 0: none.
/// @returns whether it has ended
bool wait_for_end(const remote::TunnelInfo& info, int number) {
  // Opening the process before checking its identity rules out that another process has got its PID.
  const auto pid = static_cast<pid_t>(info.pid);
  const base::Fd process = proc::watch_process_end(pid);
  if (!process || !info.is_alive()) {
    return true;
  }
  if (number != 0) {
    proc::signal_process(process, pid, number);
  }
  pollfd ended{process.get(), POLLIN, 0};
  return ::poll(&ended, 1, k_end_limit_ms) > 0;
}

/// Records that the tunnel is not needed any more, even if a signal ended it.
void mark_over(const remote::TunnelPlace& place) {
  if (auto info = place.info()) {
    info->over = true;
    place.write(*info);
  }
}

/// Makes way for a new tunnel: ends a tunnel whose target is no longer the server's address (for example another port
/// after a restart), and waits for a tunnel that is ending.
void end_outdated(const remote::TunnelPlace& place, const remote::TunnelTarget& target) {
  const auto info = place.info();
  if (!info) {
    return;
  }
  const TunnelState state = info->state();
  if (state == TunnelState::elsewhere) {
    throw base::Error(
        fmt::format("this workflow's tunnel is held by process {} on {}; end it on that machine, or delete {}",
                    info->pid, base::printable_line(info->host), (place.directory() / "state").string()));
  }
  const bool is_outdated = state == TunnelState::running && info->target != target.text();
  if ((is_outdated || !info->ended.empty()) && !wait_for_end(*info, is_outdated ? SIGTERM : 0)) {
    throw base::Error(fmt::format("the tunnel's process {} does not end", info->pid));
  }
}

/// Connects to the process that holds the workflow's tunnel; starts one if there is none.
remote::TunnelLink link_to_tunnel(const remote::TunnelPlace& place, const remote::TunnelTarget& target,
                                  model::Id workflow_id, const remote::SshOptions& ssh, const ServerAccess& server,
                                  Reporter& reporter, const std::stop_token& stop) {
  const base::Fd lock = place.take_start_lock(
      stop, [&](const std::string& holder) { reporter.report(TunnelStartAwaited{.holder = holder}); });
  end_outdated(place, target);
  base::Fd socket = place.connect();
  if (!socket) {
    start_tunnel(workflow_id, ssh, server, stop);
    socket = place.connect();
  }
  if (!socket) {
    throw base::Error("the server tunnel exited immediately; see " + place.log_file().string());
  }
  return remote::TunnelLink(std::move(socket));
}

std::vector<remote::Forward> hold_forwards(remote::TunnelLink& link, const std::vector<remote::Worker>& workers,
                                           const remote::SshOptions& ssh, const std::stop_token& stop,
                                           std::optional<std::chrono::milliseconds> limit) {
  // The tunnel's process connects on behalf of this command, so its connections use this command's slots.
  const auto slots = ssh.slots->take(workers.size(), stop);
  // A worker may need several connections in a row until its forward is up or has failed.
  const auto turns = static_cast<std::int64_t>(workers.size() / ssh.slots->count() + 1);
  return link.hold(workers, ssh, limit.value_or(3 * turns * ssh.script_limit + std::chrono::seconds(30)), stop);
}

}  // namespace

OpenTunnel open_server_tunnel(const remote::WorkflowRef& workflow, const std::vector<remote::Worker>& workers,
                              const remote::SshOptions& ssh, const ServerAccess& server, Reporter& reporter,
                              const std::stop_token& stop, std::optional<std::chrono::milliseconds> limit) {
  const std::string& url = server.connection.url;
  const auto target = remote::tunnel_target(url, server.connection.tls_insecure);
  const remote::TunnelPlace place(workflow);
  place.make();
  OpenTunnel held;
  std::vector<remote::Forward> forwards;
  try {
    held.link = link_to_tunnel(place, target, workflow.workflow_id, ssh, server, reporter, stop);
    forwards = hold_forwards(held.link, workers, ssh, stop, limit);
  } catch (const base::Error&) {
    const auto info = place.info();
    if (stop.stop_requested() || !info || info->ended.empty()) {
      throw;
    }
    // The process was about to end.
    held.link = link_to_tunnel(place, target, workflow.workflow_id, ssh, server, reporter, stop);
    forwards = hold_forwards(held.link, workers, ssh, stop, limit);
  }
  if (const auto info = place.info()) {
    held.pid = info->pid;
  }
  for (const auto& forward : forwards) {
    if (forward.up) {
      held.urls.emplace(forward.worker, remote::url_through_tunnel(url, forward.port));
    } else {
      held.failures.emplace(forward.worker, forward.error);
    }
  }
  return held;
}

std::optional<remote::TunnelInfo> find_server_tunnel(const remote::WorkflowRef& workflow) {
  auto info = remote::TunnelPlace(workflow).info();
  return info && info->state() != TunnelState::over ? info : std::nullopt;
}

void forget_server_tunnel(const remote::WorkflowRef& workflow) {
  const remote::TunnelPlace place(workflow);
  const auto info = place.info();
  if (info && info->state() == TunnelState::died) {
    mark_over(place);
  }
}

TunnelEnding end_server_tunnel(const remote::WorkflowRef& workflow, bool when_idle) {
  const remote::TunnelPlace place(workflow);
  const auto info = place.info();
  TunnelEnding ending;
  if (!info || info->state() == TunnelState::over || info->state() == TunnelState::elsewhere) {
    return ending;
  }
  ending.pid = info->pid;
  if (info->state() == TunnelState::died) {
    if (!when_idle) {
      mark_over(place);
    }
  } else if (when_idle) {
    if (base::Fd socket = place.connect()) {
      remote::TunnelLink(std::move(socket)).end_when_idle();
      ending.how = TunnelEnding::How::when_idle;
    }
  } else if (wait_for_end(*info, SIGTERM)) {
    mark_over(place);
    ending.how = TunnelEnding::How::ended;
  } else {
    ending.how = TunnelEnding::How::stuck;
  }
  return ending;
}

}  // namespace torc::app
