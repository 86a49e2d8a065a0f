#include <algorithm>

#include <fmt/format.h>

#include "cli/command_line.hpp"
#include "cli/common_options.hpp"
#include "cli/remote_support.hpp"
#include "torc/proc/fan_out.hpp"
#include "torc/remote/state.hpp"

namespace torc::cli {
namespace {

using remote::State;
using remote::WorkerState;

struct Options {
  std::optional<model::Id> workflow_id{};
  std::optional<std::string> output_dir{};
  bool wide{false};
  SshSettings ssh{};
};

/// Why a worker does not run.
std::string reason(const WorkerState& state) {
  switch (state.state) {
    case State::never_started:
      return "never started";
    case State::finished:
      return state.message.empty() ? "finished" : "finished, " + state.message;
    case State::stopped:
      return state.message.empty() ? "stopped" : state.message;
    case State::died:
      return state.message.empty() ? "died" : "died: " + state.message;
    case State::running:
    case State::unreachable:
    case State::not_asked:
      break;
  }
  return {};
}

std::string status_text(const WorkerState& state, bool wide) {
  if (state.state == State::running) {
    return fmt::format("Running (PID {})", state.pid.value_or(0));
  }
  if (state.state == State::unreachable) {
    return "Unreachable: " + state.message;
  }
  if (state.state == State::not_asked) {
    return "Unknown: " + state.message;
  }
  return wide ? "Not Running (" + reason(state) + ")" : "Not Running";
}

nlohmann::json row(const remote::Worker& worker, const WorkerState& state) {
  const bool is_known = state.state != State::not_asked;
  auto result = worker_json(worker, is_known && state.state != State::unreachable);
  if (is_known) {
    result["state"] = remote::to_string(state.state);
  }
  if (state.pid) {
    result["pid"] = *state.pid;
  }
  if (!state.message.empty()) {
    result["message"] = state.message;
  }
  return result;
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
  const auto workflow = workflow_ref(services.api(), id);
  auto transport = make_transport(options.ssh, services);
  const auto states = proc::fan_out(workers, options.ssh.max_parallel, [&](const remote::Worker& worker) {
    return remote::query_state(transport, worker, workflow, options.output_dir.value_or(""));
  });

  std::size_t width = 30;
  for (const auto& worker : workers) {
    width = std::max(width, worker.name.size());
  }
  output.line(fmt::format("{:<{}} Status", "Host", width));
  output.line(std::string(std::max<std::size_t>(50, width + 20), '-'));
  auto rows = nlohmann::json::array();
  for (std::size_t i = 0; i < workers.size(); ++i) {
    output.line(fmt::format("{:<{}} {}", workers[i].name, width, status_text(states[i], options.wide)));
    rows.push_back(row(workers[i], states[i]));
  }
  const auto count = [&](State state) {
    return std::count_if(states.begin(), states.end(), [&](const auto& each) { return each.state == state; });
  };
  output.line(fmt::format("\n{}/{} workers running", count(State::running), workers.size()));
  if (output.json()) {
    output.document(remote_document(id, std::move(rows)));
  }
  return count(State::unreachable) + count(State::not_asked) == 0 ? k_exit_ok : k_exit_failure;
}

}  // namespace

void add_remote_status(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("status", "Show which workers run");
  add_optional_workflow_id(command, options->workflow_id);
  command
      .option("--output-dir", options->output_dir,
              "Only workers with this output directory (default: wherever they were started)")
      .type_name("DIR");
  command.flag("--wide", options->wide, "Say why a worker does not run");
  add_ssh_options(command, options->ssh);
  command.footer(
      "Examples:\n"
      "  torc remote status 42\n"
      "  torc -f json remote status 42 | jq -r '.workers[] | select(.state == \"died\") | .worker'\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
