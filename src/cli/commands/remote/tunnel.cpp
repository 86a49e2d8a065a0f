#include <fcntl.h>
#include <unistd.h>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "cli/options/ssh_options.hpp"
#include "cli/print/fleet_report.hpp"
#include "cli/print/reporters.hpp"
#include "torc/app/tunnel/run_tunnel.hpp"
#include "torc/base/file.hpp"
#include "torc/base/log.hpp"
#include "torc/proc/daemon.hpp"
#include "torc/proc/guardian.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  bool daemon{false};
  bool on_demand{false};  ///< Connect only workers that other commands request, or that were connected before.
  std::optional<std::int64_t> until_pid{};
  SshSettings ssh{};
};

/// Makes this process the holder of the tunnel, with a guardian as its parent, in the background with --daemon. Call
/// this while there is only one thread. @returns in the parent, too
proc::Detached become_holder(bool in_background) {
  if (!in_background) {
    proc::split_off_guardian();
    return {};
  }
  auto detached = proc::detach();
  if (detached.is_parent) {
    return detached;
  }
  // The guardian must not keep the output open, since a reader of the parent's output waits for its end.
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

int run(const Options& options, CommandContext& context) {
  if (context.options().standalone) {
    throw base::UsageError(
        "with --standalone the server ends with the command: see 'torc -s remote run --wait "
        "--server-tunnel'");
  }
  // Before the guardian is created, because this may ask on the terminal.
  const model::Id id = context.workflow_id(options.workflow_id);
  auto detached = become_holder(options.daemon);
  if (detached.is_parent) {
    return detached.exit_status;
  }
  const auto fleet = app::load_fleet(context.api(), id, options.ssh.hosts);
  const auto claim = app::claim_tunnel(context.api(), fleet, options.on_demand, context.server_access());
  if (options.daemon) {
    base::log_start(base::LogLevel::info, claim.place.log_file().string());
  }
  if (claim.workers.empty() && !options.on_demand) {
    return fail_without_workers(context.output(), id, "Use 'torc remote add-workers' first.");
  }
  const std::stop_token stop = context.stop_on_signal();
  const auto reporter = options.daemon ? make_log_reporter() : make_reporter(context.output());
  app::TunnelOptions tunnel{.stop_signal = [&] { return context.stop_signal(); }};
  if (options.until_pid) {
    tunnel.until_pid = static_cast<pid_t>(*options.until_pid);
  }
  if (options.daemon) {
    tunnel.on_ready = [&] { proc::report_ready(detached); };
  }
  app::run_tunnel(context.new_api(), claim, tunnel, make_ssh_options(options.ssh), *reporter, stop);
  return k_exit_ok;
}

}  // namespace

CommandInfo remote_tunnel_command() {
  auto options = std::make_shared<Options>();
  return {
      .path = "remote tunnel",
      .summary = "Connect workers over ssh to a server that they cannot reach directly",
      .options = joined({workflow_id_argument(options->workflow_id),
                         {.names = "--daemon",
                          .target = &options->daemon,
                          .help = "Continue in the background once the tunnel is up"},
                         {.names = "--on-demand",
                          .target = &options->on_demand,
                          .hidden = true,
                          .help = "Connect only workers that other commands request, and those of an earlier tunnel"},
                         {.names = "--until-pid",
                          .target = &options->until_pid,
                          .value = "PID",
                          .range = Range{1, 1'000'000'000},
                          .hidden = true,
                          .help = "End when this process ends"},
                         host_option(options->ssh)},
                        ssh_options(options->ssh)),
      .examples = {{.comment = "Start the tunnel in the background, and the runners",
                    .command = "torc remote run 42 --server-tunnel"},
                   {.comment = "Keep the connections open in the foreground; Ctrl-C ends them",
                    .command = "torc remote tunnel 42"},
                   {.command = "torc remote tunnel 42 --ssh-option ServerAliveInterval=5"}},
      .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
