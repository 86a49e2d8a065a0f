#include <algorithm>

#include <fmt/format.h>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/remote_support.hpp"
#include "cli/server_tunnel.hpp"
#include "torc/app/fleet/worker_nodes.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"
#include "torc/proc/fan_out.hpp"
#include "torc/remote/state.hpp"

namespace torc::cli {
namespace {

using remote::State;
using remote::WorkerState;

struct Options {
  std::optional<model::Id> workflow_id{};
  std::optional<std::string> output_dir{};
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

/// What the server adds about a runner that runs: `known` is nothing where it knows none of that worker.
std::string runner_text(const app::WorkerNode* known) {
  if (known == nullptr) {
    return {};
  }
  if (!known->node.is_active.value_or(false)) {
    return ", but the server has given it up";
  }
  std::string text = fmt::format(", since {}, {} job(s)", known->node.start_time.substr(0, 19), known->running_jobs);
  if (const auto silence = app::silence_of(known->node)) {
    text += ", not heard of for " + base::format_duration(*silence);
  }
  return text;
}

std::string status_text(const WorkerState& state, const app::WorkerNode* known) {
  if (state.state == State::running) {
    return fmt::format("Running (PID {}){}", state.pid.value_or(0), runner_text(known));
  }
  if (state.state == State::unreachable) {
    return "Unreachable: " + state.message;
  }
  if (state.state == State::not_asked) {
    return "Unknown: " + state.message;
  }
  return "Not Running (" + reason(state) + ")";
}

bool is_silent(const WorkerState& state, const app::WorkerNode* known) {
  return state.state == State::running && known != nullptr &&
         (!known->node.is_active.value_or(false) || app::silence_of(known->node));
}

nlohmann::json row(const remote::Worker& worker, const WorkerState& state, const app::WorkerNode* known) {
  const bool is_known = state.state != State::not_asked;
  auto result = worker_json(worker, is_known && state.state != State::unreachable);
  if (is_known) {
    result["state"] = is_silent(state, known) ? "silent" : remote::to_string(state.state);
  }
  if (state.state == State::running && known != nullptr) {
    result["since"] = known->node.start_time;
    result["running_jobs"] = known->running_jobs;
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
  const auto workers = stored_workers(services.api(), id, options.ssh.hosts);
  if (workers.empty()) {
    return fail_without_workers(output, id, "Use 'torc remote add-workers' first.");
  }
  const auto workflow = workflow_ref(services.api(), id);
  auto transport = make_transport(options.ssh, services);
  const auto states = proc::fan_out(workers, options.ssh.max_parallel, [&](const remote::Worker& worker) {
    return remote::query_state(transport, worker, workflow, options.output_dir.value_or(""));
  });
  const auto nodes = app::latest_worker_nodes(services.api(), id);
  const auto known = [&](std::size_t i) {
    const auto it = nodes.find(workers[i].stored);
    // The node of an earlier runner says nothing about this one, which may be one of torc 0.23.
    return it == nodes.end() || it->second.node.pid != states[i].pid ? nullptr : &it->second;
  };

  std::size_t width = 30;
  for (const auto& worker : workers) {
    width = std::max(width, worker.name.size());
  }
  output.line(fmt::format("{:<{}} Status", "Host", width));
  output.line(std::string(std::max<std::size_t>(50, width + 20), '-'));
  auto rows = nlohmann::json::array();
  for (std::size_t i = 0; i < workers.size(); ++i) {
    output.line(fmt::format("{:<{}} {}", workers[i].name, width, status_text(states[i], known(i))));
    rows.push_back(row(workers[i], states[i], known(i)));
  }
  const auto count = [&](State state) {
    return std::count_if(states.begin(), states.end(), [&](const auto& each) { return each.state == state; });
  };
  output.line(fmt::format("\n{}/{} workers running", count(State::running), workers.size()));
  auto tunnel = find_server_tunnel(workflow);
  const bool is_missed = tunnel && tunnel->state() == remote::TunnelNote::State::died && count(State::running) > 0;
  if (tunnel && tunnel->state() == remote::TunnelNote::State::died && !is_missed) {
    tunnel.reset();  // Nobody is left who needed it.
  }
  if (tunnel) {
    output.line(tunnel_text(*tunnel));
  }
  if (output.json()) {
    auto document = remote_document(id, std::move(rows));
    if (tunnel) {
      document["tunnel"] = tunnel_json(*tunnel);
    }
    output.document(document);
  }
  const bool bad = count(State::unreachable) + count(State::not_asked) + count(State::died) > 0 || is_missed;
  return bad ? k_exit_failure : k_exit_ok;
}

}  // namespace

void add_remote_status(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command =
      parent.subcommand("status", "Show which workers run, and why others do not; exit status 1 when one died");
  add_optional_workflow_id(command, options->workflow_id);
  command
      .option("--output-dir", options->output_dir,
              "Only workers with this output directory (default: wherever they were started)")
      .type_name("DIR");
  add_host_option(command, options->ssh);
  add_ssh_options(command, options->ssh);
  command.footer(
      "Examples:\n"
      "  torc remote status 42\n"
      "  torc -f json remote status 42 | jq -r '.workers[] | select(.state == \"died\") | .worker'\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
