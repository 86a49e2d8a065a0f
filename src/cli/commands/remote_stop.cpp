#include <algorithm>

#include <fmt/format.h>

#include "cli/command_line.hpp"
#include "cli/common_options.hpp"
#include "cli/give_back_jobs.hpp"
#include "cli/remote_support.hpp"
#include "torc/base/units.hpp"
#include "torc/proc/fan_out.hpp"
#include "torc/proc/process_info.hpp"
#include "torc/remote/state.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  std::optional<std::string> output_dir{};
  bool force{false};
  SshSettings ssh{};
};

std::string result_line(const remote::Worker& worker, const remote::StopResult& result, const char* signal) {
  if (!result.ok) {
    return fmt::format("  [FAILED] {}: {}", worker.name, result.message);
  }
  if (result.signaled_pid) {
    return fmt::format("  [OK] {}: Sent {} to PID {}", worker.name, signal, *result.signaled_pid);
  }
  return fmt::format("  [OK] {}: {}", worker.name, result.was_started ? "Process not running" : "No worker found");
}

nlohmann::json row(const remote::Worker& worker, const remote::StopResult& result) {
  auto json = worker_json(worker, result.ok);
  if (!result.ok) {
    if (!result.canceled) {
      json["state"] = remote::to_string(remote::State::unreachable);
    }
    json["message"] = result.message;
  } else if (result.signaled_pid) {
    json["state"] = remote::to_string(remote::State::stopped);
    json["pid"] = *result.signaled_pid;
  } else if (!result.was_started) {
    json["state"] = remote::to_string(remote::State::never_started);
  }
  return json;
}

int run(const Options& options, Services& services) {
  const Output& output = services.output();
  if (options.output_dir) {
    remote::check_remote_directory(*options.output_dir);
  }
  const model::Id id = services.workflow_id(options.workflow_id);
  const auto workers = stored_workers(services.api(), id);
  if (workers.empty()) {
    return fail_without_workers(output, id, "Use 'torc remote add-workers' first.");
  }
  const char* signal = options.force ? "SIGKILL" : "SIGTERM";
  const remote::StopRequest request{
      .workflow = workflow_ref(services.api(), id),
      .output_dir = options.output_dir.value_or(""),
      .force = options.force,
      .requested_by = fmt::format("{}@{} at {}", services.user(), proc::host_name(), base::timestamp_now())};
  auto transport = make_transport(options.ssh, services);
  output.line(fmt::format("Stopping workers (signal: {})...", signal));
  const auto results = proc::fan_out(workers, options.ssh.max_parallel, [&](const remote::Worker& worker) {
    return remote::stop_worker(transport, worker, request);
  });
  auto rows = nlohmann::json::array();
  std::int64_t given_back = 0;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    output.line(result_line(workers[i], results[i], signal));
    rows.push_back(row(workers[i], results[i]));
    // What was killed could not give its jobs back itself, nor could what had died before.
    if (options.force && results[i].ok) {
      const auto count = give_back_jobs(services.api(), id, workers[i].stored);
      rows.back()["given_back"] = count;
      given_back += count;
    }
  }
  if (given_back > 0) {
    output.note(fmt::format("{} unfinished job(s) of killed workers are ready again", given_back));
  }
  if (output.json()) {
    output.document(remote_document(id, std::move(rows)));
  }
  const bool all = std::all_of(results.begin(), results.end(), [](const auto& each) { return each.ok; });
  return all ? k_exit_ok : k_exit_failure;
}

}  // namespace

void add_remote_stop(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("stop", "Stop the workers; their unfinished jobs become ready again");
  add_optional_workflow_id(command, options->workflow_id);
  command.flag("--force", options->force, "Send SIGKILL instead of SIGTERM, to the jobs as well");
  command
      .option("--output-dir", options->output_dir,
              "Only workers with this output directory (default: wherever they were started)")
      .type_name("DIR");
  add_ssh_options(command, options->ssh);
  command.footer(
      "Examples:\n"
      "  torc remote stop 42\n"
      "  torc remote stop 42 --force\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
