#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "cli/parser/checks.hpp"
#include "cli/print/table.hpp"
#include "torc/base/units.hpp"
#include "torc/model/json.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  client::ComputeNodeFilter filter{};
};

/// The ssh worker on which a runner runs; "" for a local one.
std::string worker_of(const model::ComputeNode& node) {
  if (!node.scheduler || !node.scheduler->is_object()) {
    return "";
  }
  const auto worker = node.scheduler->find("worker");
  return worker != node.scheduler->end() && worker->is_string() ? worker->get<std::string>() : "";
}

std::string duration_text(const model::ComputeNode& node) {
  if (!node.duration_seconds) {
    return "";
  }
  return base::format_duration(std::chrono::milliseconds(std::llround(*node.duration_seconds * 1000)));
}

void print_table(const std::vector<model::ComputeNode>& nodes, const Output& output) {
  Table table({"ID", "Hostname", "Worker", "PID", "CPUs", "Memory (GB)", "GPUs", "Active", "Start Time", "Duration"});
  for (const auto& node : nodes) {
    table.add_row({std::to_string(node.id.value_or(0)), node.hostname, worker_of(node), std::to_string(node.pid),
                   std::to_string(node.num_cpus), fmt::format("{:.2f}", node.memory_gb), std::to_string(node.num_gpus),
                   node.is_active.value_or(false) ? "Yes" : "No", node.start_time, duration_text(node)});
  }
  output.table(table);
  output.line(fmt::format("\nTotal: {} compute nodes", nodes.size()));
}

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  const model::Id workflow_id = context.workflow_id(options.workflow_id);
  const auto nodes = context.api().list_compute_nodes(workflow_id, options.filter).items;
  if (output.json()) {
    output.document({{"compute_nodes", model::to_json(nodes)}});
  } else if (nodes.empty()) {
    output.line(fmt::format("No compute nodes found for workflow ID: {}", workflow_id));
  } else {
    print_table(nodes, output);
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo compute_nodes_list_command() {
  auto options = std::make_shared<Options>();
  return {.path = "compute-nodes list",
          .summary = "List the runners of a workflow",
          .options = joined({workflow_id_argument(options->workflow_id)},
                            paging_options(options->filter.paging, PagingLetters::all),
                            std::vector<OptionInfo>{{.names = "--scheduled-compute-node",
                                                     .target = &options->filter.scheduled_compute_node_id,
                                                     .value = "ID",
                                                     .check = check_id,
                                                     .help = "Only runners of this scheduled compute node"}}),
          .examples = {{.command = "torc compute-nodes list 42"}, {.command = "torc -f json compute-nodes list 42"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
