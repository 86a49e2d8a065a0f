#include "cli/parser/command_line.hpp"
#include "cli/remote_run.hpp"

#include <fmt/format.h>

#include "cli/options/common_options.hpp"
#include "cli/options/start_settings.hpp"
#include "cli/options/time_options.hpp"
#include "cli/watch_workers.hpp"
#include "torc/remote/state.hpp"

namespace torc::cli {
namespace {

constexpr const char* k_output_dir = "torc_output";

struct Options {
  std::optional<model::Id> workflow_id{};
  std::string worker_file{};
  std::vector<std::string> exclude{};
  std::optional<std::string> output_dir{};
  double poll_interval{5.0};
  std::optional<std::int64_t> max_parallel_jobs{};
  std::optional<std::int64_t> num_cpus{};
  std::optional<double> memory_gb{};
  std::optional<std::int64_t> num_gpus{};
  bool skip_version_check{false};
  bool install{false};
  std::string prefix{"~/.local"};
  bool keep_going{false};
  bool wait{false};
  RestartOptions restarts{};
  bool server_tunnel{false};
  std::string remote_torc{};
  TimeOptions times{};
  SshSettings ssh{};
};

/// What the command line leaves open is as the worker's own settings say.
std::vector<std::string> run_options(const Options& options, const TimeOptions& limits,
                                     const model::WorkerSettings& settings) {
  std::vector<std::string> words{"--poll-interval", fmt::format("{}", options.poll_interval)};
  const auto add = [&](const char* name, const auto& value) {
    if (value) {
      words.emplace_back(name);
      words.push_back(fmt::format("{}", *value));
    }
  };
  add("--max-parallel-jobs", options.max_parallel_jobs ? options.max_parallel_jobs : settings.max_jobs);
  add("--num-cpus", options.num_cpus ? options.num_cpus : settings.cpus);
  add("--memory-gb", options.memory_gb ? options.memory_gb : settings.memory_gb);
  add("--num-gpus", options.num_gpus ? options.num_gpus : settings.gpus);
  const auto times = words_of(limits);
  words.insert(words.end(), times.begin(), times.end());
  return words;
}

remote::WorkerStart worker_start(const Options& options, const TimeOptions& later,
                                 const model::WorkerSettings& settings) {
  if (!settings.dir.empty()) {
    remote::check_remote_directory(settings.dir);  // Whoever stored it.
  }
  return {.output_dir = options.output_dir ? "" : settings.dir,
          .run_options = run_options(options, options.times, settings),
          .later_options = run_options(options, later, settings),
          .environment = {settings.environment.begin(), settings.environment.end()}};
}

remote::StartSettings settings_of(const Options& options, const TimeOptions& later, model::Id id, Services& services) {
  remote::StartSettings settings = start_settings(id, options.ssh, services);
  settings.skip_version_check = options.skip_version_check;
  settings.remote_torc = options.remote_torc;
  settings.output_dir = options.output_dir.value_or(k_output_dir);
  settings.run_options = run_options(options, options.times, {});
  settings.later_options = run_options(options, later, {});
  if (const auto left = time_left(options.times)) {
    settings.ends_at = std::chrono::system_clock::now() + *left;
  }
  return settings;
}

std::string result_line(const remote::Worker& worker, const remote::StartResult& result) {
  if (!result.tried) {
    const bool unreachable = result.check.problem == remote::Check::Problem::unreachable;
    const std::string what = unreachable ? fmt::format("SSH connection failed to {}: ", worker.name) : "";
    return fmt::format("  [FAILED] {}: {}{}", worker.name, what, result.check.message);
  }
  if (!result.start.ok) {
    return fmt::format("  [FAILED] {}: {}", worker.name, result.start.message);
  }
  const char* what = result.start.already_running ? "Already running" : "Started";
  return fmt::format("  [OK] {}: {} (PID {})", worker.name, what, result.start.pid.value_or(0));
}

nlohmann::json row(const remote::Worker& worker, const remote::StartResult& result) {
  auto json = worker_json(worker, result.start.ok);
  if (result.start.ok) {
    json["state"] = remote::to_string(remote::State::running);
    json["pid"] = result.start.pid.value_or(0);
    json["already_running"] = result.start.already_running;
  } else if (result.tried) {
    json["state"] = remote::to_string(remote::State::died);
    json["message"] = result.start.message;
  } else {
    if (result.check.problem == remote::Check::Problem::unreachable) {
      json["state"] = remote::to_string(remote::State::unreachable);
    }
    json["message"] = result.check.ok() ? "not started, as others failed their check" : result.check.message;
  }
  return json;
}

/// Waits for the workflow's end and says how it went.
/// @returns the exit status
int wait_and_report(model::Id id, const Options& options, const RemoteRunResult& started, Services& services,
                    nlohmann::json& document) {
  WatchRequest request{
      .workflow_id = id, .ssh = options.ssh, .target = WatchView::Target::standard_error, .restarts = options.restarts};
  for (std::size_t i = 0; i < started.workers.size(); ++i) {
    if (started.results[i].start.ok) {
      request.known.emplace(started.workers[i].stored,
                            remote::WorkerState{.state = remote::State::running, .pid = started.results[i].start.pid});
    }
  }
  const auto result = watch_workers(services, request);
  for (auto& each : document["workers"]) {
    if (const auto found = result.restarts.find(each["worker"].get<std::string>()); found != result.restarts.end()) {
      each["restarts"] = found->second;
    }
  }
  const auto& jobs = result.jobs;
  document["jobs"] = {
      {"total", jobs.total}, {"completed", jobs.completed}, {"failed", jobs.failed}, {"canceled", jobs.canceled}};
  return report_end(result, id, services);
}

/// Runners of a workflow that is over would end as soon as they start.
/// @throws base::Error for one that was canceled
void require_something_to_run(model::Id id, Services& services) {
  const auto completion = services.api().is_workflow_complete(id);
  if (completion.is_canceled) {
    throw base::Error(fmt::format(
        "workflow {0} was canceled; 'torc workflows reset-status {0} --failed-only --reinitialize' makes its canceled "
        "and failed jobs ready again, and keeps completed jobs",
        id));
  }
  if (completion.is_complete) {
    services.output().note(fmt::format(
        "Workflow {0} is complete, so its workers will end at once. To run its failed jobs again, use 'torc workflows "
        "reset-status {0} --failed-only --reinitialize', which keeps completed jobs",
        id));
  }
}

int run(const Options& options, Services& services) {
  const Output& output = services.output();
  if (services.options().standalone && !options.wait) {
    throw base::UsageError(
        "with --standalone the server ends with this command, and the workers would lose it: add --wait, or start a "
        "server with 'torc server run'");
  }
  remote::check_remote_directory(options.output_dir.value_or(k_output_dir));
  if (!options.exclude.empty() && options.worker_file.empty()) {
    throw base::UsageError("--exclude leaves out workers of a file: give one with --workers, or see --host");
  }
  remote::check_prefix(options.prefix);
  time_left(options.times);  // A mistake is told here, not by each worker.
  RemoteRun request{.keep_going = options.keep_going, .server_tunnel = options.server_tunnel, .ssh = options.ssh};
  if (!options.worker_file.empty()) {
    try {
      request.new_workers = read_worker_file(options.worker_file, options.exclude);
      refuse_same_hosts(request.new_workers, options.ssh);
    } catch (const base::Error& error) {
      return fail_with(output, std::string("Error parsing worker file: ") + error.what());
    }
  }
  if (options.server_tunnel) {
    if (!services.options().standalone) {
      remote::tunnel_target(services.api_url(), services.options().connection.tls_insecure);
    }
    services.guard_standalone();  // Who is no user of this machine may reach it now.
  }
  const model::Id id = services.workflow_id(options.workflow_id);
  request.workflow_id = id;
  require_something_to_run(id, services);
  const TimeOptions later = with_fixed_end(options.times);
  request.settings = settings_of(options, later, id, services);
  request.start_of = [&](const model::WorkerSettings& settings) { return worker_start(options, later, settings); };
  if (options.install) {
    request.install = InstallRequest{.workflow = request.settings.workflow, .prefix = options.prefix};
  }
  const auto result = run_remotely(request, services);
  if (result.workers.empty()) {
    return fail_without_workers(output, id, "Use 'torc remote add-workers' or '--workers' flag.");
  }
  auto rows = nlohmann::json::array();
  for (std::size_t i = 0; i < result.workers.size(); ++i) {
    rows.push_back(row(result.workers[i], result.results[i]));
    if (result.error.empty()) {
      output.line(result_line(result.workers[i], result.results[i]));
    }
  }
  auto document = remote_document(id, std::move(rows));
  if (result.tunnel) {
    document["tunnel"] = tunnel_json(*result.tunnel);
  }
  int status = result.started() == result.workers.size() ? k_exit_ok : k_exit_failure;
  if (result.error.empty()) {
    output.line(fmt::format("\nStarted {}/{} workers", result.started(), result.workers.size()));
    if (options.wait && result.started() > 0) {
      status = std::max(status, wait_and_report(id, options, result, services, document));
    }
  }
  if (output.json()) {
    output.document(document);
  } else if (!result.error.empty()) {
    throw base::Error(result.error);
  }
  return status;
}

void add_worker_options(Command command, Options& options) {
  command.option("-o,--output-dir", options.output_dir, "Output directory on the workers; relative: below the home")
      .type_name("DIR")
      .default_str(k_output_dir);
  command.option("-p,--poll-interval", options.poll_interval, "How often idle workers ask for jobs, in seconds")
      .type_name("SECONDS")
      .range(0.001, 86'400.0)
      .default_str("5.0");
  command
      .option("--max-parallel-jobs", options.max_parallel_jobs, "Jobs at once on each worker (default: by resources)")
      .type_name("N")
      .range(std::int64_t{1}, std::int64_t{1'000'000});
  command.option("--num-cpus", options.num_cpus, "CPUs of each worker (default: detected)")
      .type_name("N")
      .range(std::int64_t{1}, std::int64_t{1'000'000});
  command.option("--memory-gb", options.memory_gb, "Memory of each worker (default: detected)")
      .type_name("GB")
      .range(0.001, 1e9);
  command.option("--num-gpus", options.num_gpus, "GPUs of each worker (default: detected)")
      .type_name("N")
      .range(std::int64_t{0}, std::int64_t{1'000'000});
}

}  // namespace

void add_remote_run(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("run", "Start a runner on every ssh worker of a workflow");
  add_optional_workflow_id(command, options->workflow_id);
  command.option("-w,--workers", options->worker_file, "Worker file: add these first").type_name("FILE");
  add_exclude_option(command, options->exclude);
  add_worker_options(command, *options);
  add_time_options(command, options->times);
  const Option install =
      command.flag("--install", options->install, "Copy this torc to workers that have none of its version first");
  add_prefix_option(command, options->prefix);
  command.flag("--skip-version-check", options->skip_version_check, "Start torcs of other versions, too");
  command.option("--remote-torc", options->remote_torc, "Where torc is on the workers (default: looked for)")
      .type_name("PATH")
      .excludes(install);
  command.flag("--keep-going", options->keep_going, "Start those that can be, whatever is wrong with others");
  const Option wait =
      command.flag("--wait", options->wait, "Stay until the workflow ends; exit status 1 when a job failed");
  add_restart_options(command, options->restarts).needs(wait);
  command.flag("--server-tunnel", options->server_tunnel,
               "Let the workers reach the server through ssh, held by 'torc remote tunnel' in the background");
  add_host_option(command, options->ssh);
  add_ssh_options(command, options->ssh);
  command.footer(
      "Examples:\n"
      "  torc remote run 42 --workers workers.txt --output-dir /data/torc_output\n"
      "  torc remote run 42 --workers workers.txt --install\n"
      "  torc remote run 42 --max-parallel-jobs 8 --wait --restart\n"
      "  torc remote run 42 --server-tunnel --wait\n"
      "  torc remote run 42 --ssh-option ProxyJump=gate --keep-going\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
