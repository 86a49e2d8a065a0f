#include <algorithm>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/fleet_command.hpp"
#include "cli/options/common_options.hpp"
#include "cli/print/tunnel_text.hpp"
#include "torc/app/fleet/fleet_status.hpp"
#include "torc/base/units.hpp"

namespace torc::cli {
namespace {

using remote::State;
using remote::WorkerState;

struct Options {
  std::optional<model::Id> workflow_id{};
  std::optional<std::string> output_dir{};
  SshSettings ssh{};
};

/// Why a runner is not running.
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
    case State::not_queried:
      break;
  }
  return {};
}

/// The server's information about a running runner; `node` is absent if the server has no record of it.
std::string runner_text(const std::optional<app::WorkerNode>& node) {
  if (!node) {
    return {};
  }
  if (!node->node.is_active.value_or(false)) {
    return ", but the server considers it lost";
  }
  std::string text = fmt::format(", since {}, {} job(s)", node->node.start_time.substr(0, 19), node->running_jobs);
  if (const auto silence = app::silence_of(node->node)) {
    text += ", no heartbeat for " + base::format_duration(*silence);
  }
  return text;
}

std::string status_text(const app::WorkerStatus& status) {
  const WorkerState& state = status.state;
  if (state.state == State::running) {
    return fmt::format("Running (PID {}){}", state.pid.value_or(0), runner_text(status.node));
  }
  if (state.state == State::unreachable) {
    return "Unreachable: " + state.message;
  }
  if (state.state == State::not_queried) {
    return "Unknown: " + state.message;
  }
  return "Not Running (" + reason(state) + ")";
}

nlohmann::json row(const remote::Worker& worker, const app::WorkerStatus& status) {
  const WorkerState& state = status.state;
  const bool is_known = state.state != State::not_queried;
  auto result = worker_json(worker, is_known && state.state != State::unreachable);
  if (is_known) {
    result["state"] = status.is_silent() ? "silent" : remote::to_string(state.state);
  }
  if (state.state == State::running && status.node) {
    result["since"] = status.node->node.start_time;
    result["running_jobs"] = status.node->running_jobs;
  }
  if (state.pid) {
    result["pid"] = *state.pid;
  }
  if (!state.message.empty()) {
    result["message"] = state.message;
  }
  return result;
}

void print(const app::FleetStatus& status, model::Id workflow_id, const Output& output) {
  std::size_t width = 30;
  for (const auto& [worker, result] : status.workers) {
    width = std::max(width, worker.name.size());
  }
  output.line(fmt::format("{:<{}} Status", "Host", width));
  output.line(std::string(std::max<std::size_t>(50, width + 20), '-'));
  for (const auto& [worker, result] : status.workers) {
    output.line(fmt::format("{:<{}} {}", worker.name, width, status_text(result)));
  }
  output.line(fmt::format("\n{}/{} workers running", status.count(State::running), status.workers.size()));
  if (status.tunnel) {
    output.line(tunnel_text(*status.tunnel));
  }
  if (output.json()) {
    auto document = fleet_document(workflow_id, status.workers, row);
    if (status.tunnel) {
      document["tunnel"] = tunnel_json(*status.tunnel);
    }
    output.document(document);
  }
}

int run(const Options& options, CommandContext& context) {
  return with_fleet(context, options.workflow_id, options.output_dir, options.ssh, [&](const app::Fleet& fleet) {
    remote::SshTransport transport(make_ssh_options(options.ssh), context.stop_on_signal());
    const auto status = app::query_fleet(context.api(), transport, fleet, options.output_dir.value_or(""));
    print(status, fleet.workflow_id, context.output());
    const bool is_bad =
        status.count(State::unreachable) + status.count(State::not_queried) + status.count(State::died) > 0 ||
        status.misses_tunnel;
    return is_bad ? k_exit_failure : k_exit_ok;
  });
}

}  // namespace

CommandInfo remote_status_command() {
  auto options = std::make_shared<Options>();
  return {
      .path = "remote status",
      .summary = "Show which runners are running, and why others are not",
      .description = "Exit status 1 if a runner died, or a worker is unreachable.",
      .options = joined({workflow_id_argument(options->workflow_id), runner_directory_option(options->output_dir),
                         host_option(options->ssh)},
                        ssh_options(options->ssh)),
      .examples =
          {{.command = "torc remote status 42"},
           {.comment = "The workers whose runner died",
            .command = "torc -f json remote status 42 |\n  jq -r '.workers[] | select(.state == \"died\") | .worker'"}},
      .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
