#include <algorithm>

#include <fmt/format.h>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/remote_support.hpp"
#include "cli/server_tunnel.hpp"
#include "torc/app/workflows/give_back_jobs.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/units.hpp"
#include "torc/proc/process_info.hpp"
#include "torc/remote/state.hpp"
#include "torc/remote/stop.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  std::optional<std::string> output_dir{};
  bool force{false};
  bool drain{false};
  std::optional<std::int64_t> timeout_seconds{};
  SshSettings ssh{};
};

/// Time for a runner's own lead before it kills its jobs, and for the jobs to be given back.
constexpr std::chrono::seconds k_patience{60};

remote::StopRequest request_of(const Options& options, model::Id id, Services& services) {
  remote::StopRequest request{
      .workflow = workflow_ref(services.api(), id),
      .output_dir = options.output_dir.value_or(""),
      .requested_by = fmt::format("{}@{} at {}", services.user(), proc::host_name(), base::timestamp_now())};
  if (options.force) {
    request.mode = remote::StopMode::kill;
    return request;
  }
  // Jobs that are let finish may take days.
  request.patience = options.drain ? std::chrono::seconds(0) : k_patience;
  request.mode = options.drain ? remote::StopMode::drain : remote::StopMode::end;
  if (options.timeout_seconds) {
    request.patience = std::chrono::seconds(*options.timeout_seconds);
  }
  return request;
}

std::string signal_line(const remote::Worker& worker, const remote::StopResult& result, const char* signal) {
  if (!result.ok) {
    return fmt::format("  [FAILED] {}: {}", worker.name, base::printable_line(result.message));
  }
  if (result.signaled_pid) {
    return fmt::format("  [OK] {}: Sent {} to PID {}", worker.name, signal, *result.signaled_pid);
  }
  return fmt::format("  [OK] {}: {}", worker.name, result.was_started ? "Process not running" : "No worker found");
}

std::string end_line(const remote::Worker& worker, const remote::StopResult& result) {
  if (result.ended) {
    return result.given_back ? fmt::format("  [OK] {}: Stopped ({} jobs given back)", worker.name, *result.given_back)
                             : fmt::format("  [OK] {}: Stopped", worker.name);
  }
  if (!result.message.empty()) {
    return fmt::format("  [FAILED] {}: Nobody knows whether it ended: {}", worker.name,
                       base::printable_line(result.message));
  }
  return fmt::format("  [FAILED] {}: Still running", worker.name);
}

bool is_good(const remote::StopResult& result, bool waited) {
  return result.ok && (!waited || !result.signaled_pid || result.ended);
}

nlohmann::json row(const remote::Worker& worker, const remote::StopResult& result, bool waited) {
  auto json = worker_json(worker, is_good(result, waited));
  if (!result.message.empty()) {
    json["message"] = result.message;
  }
  if (!result.ok) {
    if (!result.canceled) {
      json["state"] = remote::to_string(remote::State::unreachable);
    }
  } else if (result.signaled_pid) {
    if (!waited || result.ended) {
      json["state"] = remote::to_string(remote::State::stopped);
    } else if (result.message.empty()) {
      json["state"] = remote::to_string(remote::State::running);
    }
    json["pid"] = *result.signaled_pid;
    if (result.given_back) {
      json["given_back"] = *result.given_back;
    }
  } else if (!result.was_started) {
    json["state"] = remote::to_string(remote::State::never_started);
  }
  return json;
}

/// What was killed could not give its jobs back itself, nor could what had died before.
void give_back_for_killed(const std::vector<remote::Worker>& workers, std::vector<remote::StopResult>& results,
                          model::Id id, Services& services) {
  std::int64_t total = 0;
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (results[i].ok) {
      results[i].given_back =
          app::give_back_jobs(services.api(), id, app::active_nodes_of(services.api(), id, workers[i].stored));
      total += *results[i].given_back;
    }
  }
  if (total > 0) {
    services.output().note(fmt::format("{} unfinished job(s) of killed workers are ready again", total));
  }
}

bool has_signaled(const std::vector<remote::StopResult>& results) {
  return std::any_of(results.begin(), results.end(), [](const auto& each) { return each.signaled_pid.has_value(); });
}

/// A host that does not answer holds up no other.
constexpr std::chrono::seconds k_tunnel_patience{10};

/// Runners that end in order hand in what they have: their tunnel, where it is missed, is held again for that.
HeldTunnel hold_missed_tunnel(const Options& options, const remote::WorkflowRef& workflow,
                              const std::vector<remote::Worker>& workers, Services& services) {
  const auto tunnel = options.force ? std::nullopt : find_server_tunnel(workflow);
  if (!tunnel || tunnel->state() != remote::TunnelNote::State::died) {
    return {};
  }
  try {
    services.output().line(fmt::format("Holding the server tunnel again for {} worker(s)...", workers.size()));
    return hold_server_tunnel(workflow, workers, options.ssh, services, services.stop_on_signal(), k_tunnel_patience);
  } catch (const base::Error& error) {
    services.output().note(fmt::format("Warning: the server tunnel cannot be held again: {}", error.what()));
    return {};
  }
}

int run(const Options& options, Services& services) {
  const Output& output = services.output();
  if (options.output_dir) {
    remote::check_remote_directory(*options.output_dir);
  }
  const model::Id id = services.workflow_id(options.workflow_id);
  const auto workers = stored_workers(services.api(), id, options.ssh.hosts);
  if (workers.empty()) {
    return fail_without_workers(output, id, "Use 'torc remote add-workers' first.");
  }
  const auto request = request_of(options, id, services);
  const char* signal = remote::signal_name(request.mode);
  const bool waited = request.patience.count() > 0;
  const auto tunnel = hold_missed_tunnel(options, request.workflow, workers, services);
  auto transport = make_transport(options.ssh, services);
  output.line(fmt::format("Stopping workers (signal: {})...", signal));
  auto results = remote::stop_workers(transport, workers, request, options.ssh.max_parallel, [&](const auto& signaled) {
    for (std::size_t i = 0; i < workers.size(); ++i) {
      output.line(signal_line(workers[i], signaled[i], signal));
    }
  });
  if (options.force) {
    give_back_for_killed(workers, results, id, services);
  }
  const bool all = std::all_of(results.begin(), results.end(), [&](const auto& each) { return is_good(each, waited); });
  auto rows = nlohmann::json::array();
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (waited && results[i].signaled_pid) {
      output.line(end_line(workers[i], results[i]));
    }
    rows.push_back(row(workers[i], results[i], waited));
  }
  const bool is_for_all = options.ssh.hosts.empty() && !options.output_dir;
  const bool is_waited_for = waited || options.force || !has_signaled(results);
  end_server_tunnel(request.workflow, /*when_idle=*/!all || !is_for_all || !is_waited_for, output);
  if (output.json()) {
    output.document(remote_document(id, std::move(rows)));
  }
  return all ? k_exit_ok : k_exit_failure;
}

}  // namespace

void add_remote_stop(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("stop", "Stop the workers; their unfinished jobs become ready again");
  add_optional_workflow_id(command, options->workflow_id);
  const Option force = command.flag("--force", options->force, "Send SIGKILL instead of SIGTERM, to the jobs as well");
  command.flag("--drain", options->drain, "Let running jobs finish; workers end when their last one does")
      .excludes(force);
  command
      .option("--timeout", options->timeout_seconds,
              "How long to wait for the ends; 0: not at all (default: 60; with --drain: 0)")
      .type_name("SECONDS")
      .range(std::int64_t{0}, std::int64_t{10'000'000})
      .excludes(force);
  command
      .option("--output-dir", options->output_dir,
              "Only workers with this output directory (default: wherever they were started)")
      .type_name("DIR");
  add_host_option(command, options->ssh);
  add_ssh_options(command, options->ssh);
  command.footer(
      "Examples:\n"
      "  torc remote stop 42\n"
      "  torc remote stop 42 --host 'gpu*' --drain\n"
      "  torc remote stop 42 --force\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
