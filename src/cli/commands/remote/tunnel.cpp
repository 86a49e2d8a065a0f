#include <fcntl.h>
#include <unistd.h>

#include <chrono>

#include <fmt/format.h>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/print/tunnel_story.hpp"
#include "cli/remote_support.hpp"
#include "torc/app/tunnel/tunnel_watch.hpp"
#include "torc/base/file.hpp"
#include "torc/base/log.hpp"
#include "torc/base/random.hpp"
#include "torc/proc/daemon.hpp"
#include "torc/proc/guardian.hpp"
#include "torc/proc/open_files.hpp"
#include "torc/remote/tunnel_link.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  bool daemon{false};
  bool on_demand{false};  ///< No workers but those that other commands name, or that were held before.
  std::optional<std::int64_t> until_pid{};
  SshSettings ssh{};
};

/// Of ssh, which has no business with what opens the server.
std::vector<std::string> environment_of_ssh() {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    if (!text.starts_with("TORC_PASSWORD=") && !text.starts_with("TORC_COOKIE_HEADER=")) {
      variables.push_back(text);
    }
  }
  return variables;
}

/// Longer than runners wait for a server that is away, and until they notice that it is.
std::chrono::seconds server_patience(model::Id id, Services& services) {
  constexpr std::chrono::minutes k_default{20};
  constexpr std::chrono::seconds k_until_noticed{30};
  const auto minutes = services.api().get_workflow(id).compute_node_wait_for_healthy_database_minutes;
  return (minutes ? std::chrono::minutes(*minutes) : k_default) + k_until_noticed;
}

/// Makes this process the one that holds the tunnel, with a guardian above it, in the background where that is wanted.
/// Called while there is only one thread. @returns in the parent, too
proc::Detached become_holder(bool in_background) {
  if (!in_background) {
    proc::split_off_guardian();
    return {};
  }
  auto detached = proc::detach();
  if (detached.is_parent) {
    return detached;
  }
  // The guardian must not keep open what the parent's reader waits for the end of.
  const base::Fd errors{::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)};
  {
    const base::Fd nothing = base::open_file("/dev/null", O_RDWR);
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      ::dup2(nothing.get(), fd);
    }
  }
  proc::split_off_guardian();
  ::dup2(errors.get(), STDERR_FILENO);
  return detached;
}

/// What is settled before there are threads.
struct Preparation {
  remote::WorkflowRef workflow{};
  remote::TunnelTarget target{};
  remote::TunnelPlace place;
  base::Fd lock;
  std::vector<remote::Worker> workers{};
};

/// Runners may be left without the tunnel before this one; who asks for this one may name others.
void keep_those_held_before(std::vector<remote::Worker>& workers, const remote::TunnelPlace& place) {
  const auto before = place.note();
  std::erase_if(workers, [&](const remote::Worker& worker) {
    return !before || before->over || !before->ports.contains(worker.stored);
  });
}

Preparation prepare(const Options& options, model::Id id, Services& services) {
  proc::raise_open_files();  // Three a worker.
  const auto target = remote::tunnel_target(services.api_url(), services.options().connection.tls_insecure);
  const auto workflow = workflow_ref(services.api(), id);
  Preparation ready{.workflow = workflow, .target = target, .place = remote::TunnelPlace(workflow), .lock = {}};
  ready.workers = stored_workers(services.api(), id, options.ssh.hosts);
  ready.place.make();
  ready.lock = ready.place.take_lock();
  if (options.on_demand) {
    keep_those_held_before(ready.workers, ready.place);
  }
  if (options.daemon) {
    base::log_start(base::LogLevel::info, ready.place.log_file().string());
  }
  return ready;
}

void hold_workers(remote::Tunnel& tunnel, const Options& options, const Preparation& ready, TunnelStory& story) {
  story.line(fmt::format("Connecting {} worker(s) with {}; Ctrl-C ends it", ready.workers.size(), ready.target.text()));
  const auto ssh = make_ssh_options(options.ssh);
  for (const auto& worker : ready.workers) {
    tunnel.hold(worker, ssh);
  }
}

/// Holds the tunnel until it is not needed, or a signal comes.
void hold(const Options& options, model::Id id, const Preparation& ready, proc::Detached& detached,
          Services& services) {
  const std::stop_token signaled = services.stop_on_signal();
  auto note = remote::TunnelNote::of_this_process(ready.target);
  if (const auto before = ready.place.note()) {
    note.ports = before->ports;  // Runners of theirs may still be there.
    note.id = before->id;        // And so may connections.
  } else {
    note.id = base::random_uuid();
  }
  remote::TunnelSettings settings{.workflow = ready.workflow,
                                  .id = note.id,
                                  .target = ready.target,
                                  .width = options.ssh.max_parallel,
                                  .ports = note.ports,
                                  .environment = environment_of_ssh()};
  TunnelStory story(services.output(), options.daemon, ready.place, note);
  settings.on_change = [&story](const remote::Forward& forward) { story.changed(forward); };
  remote::Tunnel tunnel(std::move(settings));
  tunnel.listen(ready.place.listen());
  hold_workers(tunnel, options, ready, story);
  std::stop_source over;
  std::string why;
  const std::stop_callback on_signal(signaled, [&over] { over.request_stop(); });
  app::TunnelWatch watch(services.new_api(), tunnel,
                         {.workflow_id = id,
                          .until_pid = options.until_pid,
                          .patience = server_patience(id, services),
                          .on_problem = [&story](const std::string& text) { story.say(text); },
                          .on_over =
                              [&](const std::string& reason) {
                                why = reason;
                                over.request_stop();
                              }});
  if (options.daemon) {
    proc::tell_ready(detached);
  }
  tunnel.run(over.get_token());
  const bool by_signal = signaled.stop_requested();
  story.ended(by_signal ? fmt::format("signal {}", services.stop_signal()) : why, !by_signal);
  if (!watch.stop()) {
    ::_exit(k_exit_ok);  // A server that does not answer holds nobody up; ssh is gone, and all is written.
  }
}

int run(Options options, Services& services) {
  if (services.options().standalone) {
    throw base::UsageError(
        "with --standalone the server ends with the command: see 'torc -s remote run --wait "
        "--server-tunnel'");
  }
  // Before there is a guardian: it may have to ask on the terminal.
  const model::Id id = services.workflow_id(options.workflow_id);
  auto detached = become_holder(options.daemon);
  if (detached.is_parent) {
    return detached.exit_status;
  }
  const auto ready = prepare(options, id, services);
  if (ready.workers.empty() && !options.on_demand) {
    return fail_without_workers(services.output(), id, "Use 'torc remote add-workers' first.");
  }
  hold(options, id, ready, detached, services);
  return k_exit_ok;
}

}  // namespace

void add_remote_tunnel(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command =
      parent.subcommand("tunnel", "Let workers reach a server that only this machine reaches, over ssh");
  add_optional_workflow_id(command, options->workflow_id);
  command.flag("--daemon", options->daemon, "Go on in the background once it is known that it can");
  command
      .flag("--on-demand", options->on_demand,
            "For those workers that other commands name, and that a tunnel held which is missed")
      .group("");
  command.option("--until-pid", options->until_pid, "End with this process")
      .range(std::int64_t{1}, std::int64_t{1'000'000'000})
      .group("");
  add_host_option(command, options->ssh);
  add_ssh_options(command, options->ssh);
  command.footer(
      "Examples:\n"
      "  torc remote run 42 --server-tunnel           starts it in the background, and the workers\n"
      "  torc remote tunnel 42                        the same connections on the terminal; Ctrl-C ends them\n"
      "  torc remote tunnel 42 --ssh-option ServerAliveInterval=5\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
