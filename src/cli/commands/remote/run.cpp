#include <algorithm>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "cli/options/restart_options.hpp"
#include "cli/options/runner_options.hpp"
#include "cli/options/ssh_options.hpp"
#include "cli/print/fleet_report.hpp"
#include "cli/print/reporters.hpp"
#include "cli/print/start_report.hpp"
#include "cli/print/tunnel_text.hpp"
#include "cli/print/watch_report.hpp"
#include "torc/app/fleet/start_fleet.hpp"
#include "torc/app/fleet/start_settings.hpp"
#include "torc/app/fleet/watch_fleet.hpp"
#include "torc/app/fleet/workers.hpp"
#include "torc/remote/state.hpp"

namespace torc::cli {
namespace {

constexpr const char* k_output_dir = "torc_output";

struct Options {
  std::optional<model::Id> workflow_id{};
  std::string worker_file{};
  std::vector<std::string> exclude{};
  std::optional<std::string> output_dir{};
  RunnerSettings runner{};
  bool skip_version_check{false};
  bool install{false};
  std::string prefix{"~/.local"};
  std::string binary_dir{};
  bool keep_going{false};
  bool wait{false};
  app::RestartOptions restarts{};
  bool server_tunnel{false};
  std::string remote_torc{};
  SshSettings ssh{};
};

/// The worker's own settings apply if the command line does not override them.
std::vector<std::string> run_options(const Options& options, const TimeOptions& times,
                                     const model::WorkerSettings& worker) {
  RunnerSettings settings = options.runner;
  const auto set_absent = [](auto& setting, const auto& value) { setting = setting ? setting : value; };
  set_absent(settings.max_parallel_jobs, worker.max_jobs);
  set_absent(settings.num_cpus, worker.cpus);
  set_absent(settings.memory_gb, worker.memory_gb);
  set_absent(settings.num_gpus, worker.gpus);
  if (!settings.shell && !worker.shell.empty()) {
    settings.shell = worker.shell;
  }
  settings.times = times;
  return words_of(settings);
}

remote::WorkerStart worker_start(const Options& options, const TimeOptions& later,
                                 const model::WorkerSettings& settings) {
  if (!settings.dir.empty()) {
    remote::check_remote_directory(settings.dir);  // Another program may have stored an invalid one.
  }
  return {.output_dir = options.output_dir ? "" : settings.dir,
          .run_options = run_options(options, options.runner.times, settings),
          .later_options = run_options(options, later, settings),
          .environment = {settings.environment.begin(), settings.environment.end()}};
}

void add_run_settings(remote::StartSettings& settings, const Options& options, const TimeOptions& later) {
  settings.skip_version_check = options.skip_version_check;
  settings.remote_torc = options.remote_torc;
  settings.output_dir = options.output_dir.value_or(k_output_dir);
  settings.run_options = run_options(options, options.runner.times, {});
  settings.later_options = run_options(options, later, {});
  if (const auto left = time_left(options.runner.times)) {
    settings.ends_at = std::chrono::system_clock::now() + *left;
  }
}

/// Waits for the workflow's end and reports it.
/// @returns the exit status
int wait_and_report(const Options& options, const app::StartRequest& started, const app::StartOutcome& outcome,
                    const remote::SshOptions& ssh, CommandContext& context, nlohmann::json& document) {
  app::WatchRequest request{.restarts = options.restarts};
  for (const auto& [worker, result] : outcome.workers) {
    if (result.start.ok) {
      request.known.emplace(worker.stored,
                            remote::WorkerState{.state = remote::State::running, .pid = result.start.pid});
    }
  }
  const auto fleet = app::load_fleet(context.api(), started.workflow_id, options.ssh.hosts);
  const auto reporter = make_reporter(context.output(), WatchView::Target::standard_error);
  const auto end = app::watch_fleet(context.api(), fleet, request, ssh, context.server_access(), *reporter,
                                    context.stop_on_signal());
  for (auto& each : document["workers"]) {
    if (const auto found = end.restarts.find(each["worker"].get<std::string>()); found != end.restarts.end()) {
      each["restarts"] = found->second;
    }
  }
  const auto& jobs = end.jobs;
  document["jobs"] = {
      {"total", jobs.total}, {"completed", jobs.completed}, {"failed", jobs.failed}, {"canceled", jobs.canceled}};
  return report_watch_end(end, started.workflow_id, context.options().standalone, context.output());
}

/// Refuses a canceled workflow, and warns about a complete one: its runners would end as soon as they start.
/// @throws base::Error if the workflow was canceled
void require_something_to_run(model::Id id, client::Api& api, const Output& output) {
  const auto completion = api.is_workflow_complete(id);
  if (completion.is_canceled) {
    throw base::Error(
        fmt::format("workflow {0} was canceled; 'torc workflows reset-status {0} --failed-only --reinitialize' "
                    "requeues its canceled "
                    "and failed jobs, and keeps completed jobs",
                    id));
  }
  if (completion.is_complete) {
    output.note(fmt::format(
        "Workflow {0} is complete, so its runners will end at once. To run its failed jobs again, use 'torc workflows "
        "reset-status {0} --failed-only --reinitialize', which keeps completed jobs",
        id));
  }
}

/// Checks the options that can be checked without the server and the workers.
/// @throws base::UsageError
void check_options(const Options& options, const GlobalOptions& global) {
  if (global.standalone && !options.wait) {
    throw base::UsageError(
        "with --standalone the server ends with this command, so the runners would lose their connection to it: add "
        "--wait, or start a server with 'torc server run'");
  }
  remote::check_remote_directory(options.output_dir.value_or(k_output_dir));
  if (!options.exclude.empty() && options.worker_file.empty()) {
    throw base::UsageError("--exclude applies to workers of a worker file: add --workers FILE, or use --host");
  }
  remote::check_prefix(options.prefix);
  time_left(options.runner.times);  // Reports invalid limits here instead of once per worker.
}

std::string refusal_text(const app::StartOutcome& outcome, const std::string& server_url) {
  return outcome.refusal == app::StartOutcome::Refusal::interrupted ? "interrupted; nothing was started"
                                                                    : start_problems(outcome.workers, server_url);
}

/// Prints the outcome, and with --wait waits for the workflow's end.
/// @returns the exit status
int finish(const Options& options, const app::StartRequest& request, const app::StartOutcome& outcome,
           const remote::SshOptions& ssh, CommandContext& context) {
  const Output& output = context.output();
  auto document = fleet_document(request.workflow_id, outcome.workers, start_json);
  if (outcome.tunnel) {
    document["tunnel"] = tunnel_json(*outcome.tunnel);
  }
  const bool was_refused = outcome.refusal != app::StartOutcome::Refusal::none;
  int status = outcome.started() == outcome.workers.size() ? k_exit_ok : k_exit_failure;
  if (!was_refused) {
    for (const auto& [worker, result] : outcome.workers) {
      output.line(start_line(worker, result));
    }
    output.line(fmt::format("\nStarted {}/{} workers", outcome.started(), outcome.workers.size()));
    if (options.wait && outcome.started() > 0) {
      status = std::max(status, wait_and_report(options, request, outcome, ssh, context, document));
    }
  }
  if (output.json()) {
    output.document(document);
  } else if (was_refused) {
    throw base::Error(refusal_text(outcome, context.api_url()));
  }
  return status;
}

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  check_options(options, context.options());
  const auto ssh = make_ssh_options(options.ssh);
  app::StartRequest request{
      .hosts = options.ssh.hosts, .keep_going = options.keep_going, .server_tunnel = options.server_tunnel};
  if (!options.worker_file.empty()) {
    try {
      request.new_workers = app::read_worker_file(options.worker_file, options.exclude);
      app::refuse_same_hosts(request.new_workers, ssh);
    } catch (const base::Error& error) {
      return fail_with(output, std::string("Error parsing worker file: ") + error.what());
    }
  }
  if (options.server_tunnel) {
    if (!context.options().standalone) {
      remote::tunnel_target(context.api_url(), context.options().connection.tls_insecure);
    }
    context.guard_standalone();  // Users of the workers can reach the server through the tunnel.
  }
  request.workflow_id = context.workflow_id(options.workflow_id);
  require_something_to_run(request.workflow_id, context.api(), output);
  const TimeOptions later = with_fixed_end(options.runner.times);
  request.settings =
      app::start_settings(app::workflow_ref(context.api(), request.workflow_id), ssh, context.server_access());
  add_run_settings(request.settings, options, later);
  request.start_of = [&](const model::WorkerSettings& settings) { return worker_start(options, later, settings); };
  if (options.install) {
    request.install = app::InstallOptions{.prefix = options.prefix, .binary_dir = options.binary_dir};
  }
  const auto reporter = make_reporter(output, WatchView::Target::standard_error);
  const auto outcome =
      app::start_fleet(context.api(), request, ssh, context.server_access(), *reporter, context.stop_on_signal());
  if (outcome.workers.empty()) {
    return fail_without_workers(output, request.workflow_id, "Use 'torc remote add-workers' or '--workers' flag.");
  }
  return finish(options, request, outcome, ssh, context);
}

std::vector<OptionInfo> worker_options(Options& options) {
  return {{.names = "-w,--workers",
           .target = &options.worker_file,
           .value = "FILE",
           .completion = Completion::file,
           .help = "Worker file: add its workers to the workflow first"},
          exclude_option(options.exclude),
          {.names = "-o,--output-dir",
           .target = &options.output_dir,
           .value = "DIR",
           .default_text = k_output_dir,
           .help = "Output directory on the workers; relative to the home directory"}};
}

/// The option makes sense only together with --install.
OptionInfo with_install(OptionInfo option) {
  option.needs = "--install";
  return option;
}

std::vector<OptionInfo> start_options(Options& options) {
  return {{.names = "--install",
           .target = &options.install,
           .help = "First copy this torc to the workers that do not have its version"},
          with_install(prefix_option(options.prefix)),
          with_install(binary_dir_option(options.binary_dir)),
          {.names = "--skip-version-check",
           .target = &options.skip_version_check,
           .help = "Also start other versions of torc"},
          {.names = "--remote-torc",
           .target = &options.remote_torc,
           .value = "PATH",
           .excludes = {"--install"},
           .help = "Path of torc on the workers (default: search PATH and ~/.local/bin)"},
          {.names = "--keep-going",
           .target = &options.keep_going,
           .help = "Start the workers that pass their checks, even if others fail"},
          {.names = "--wait",
           .target = &options.wait,
           .help = "Wait until the workflow ends; exit with status 1 if a job failed"}};
}

}  // namespace

CommandInfo remote_run_command() {
  auto options = std::make_shared<Options>();
  auto restarts = restart_options(options->restarts);
  restarts.front().needs = "--wait";
  const OptionInfo tunnel{.names = "--server-tunnel",
                          .target = &options->server_tunnel,
                          .help =
                              "Let the workers reach the server through ssh; 'torc remote tunnel' keeps the "
                              "connections open in the background"};
  return {.path = "remote run",
          .summary = "Start a runner on every ssh worker of a workflow",
          .options = joined({workflow_id_argument(options->workflow_id)}, worker_options(*options),
                            runner_options(options->runner), start_options(*options), restarts,
                            std::vector<OptionInfo>{tunnel, host_option(options->ssh)}, ssh_options(options->ssh)),
          .examples = {{.command = "torc remote run 42 --workers workers.txt --output-dir /data/torc_output"},
                       {.command = "torc remote run 42 --workers workers.txt --install"},
                       {.command = "torc remote run 42 --max-parallel-jobs 8 --wait --restart"},
                       {.command = "torc remote run 42 --server-tunnel --wait"},
                       {.command = "torc remote run 42 --ssh-option ProxyJump=gate --keep-going"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
