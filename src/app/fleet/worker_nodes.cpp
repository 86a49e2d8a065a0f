#include "torc/app/fleet/worker_nodes.hpp"

#include <chrono>

#include "torc/base/units.hpp"

namespace torc::app {
namespace {

/// Three heartbeats, the default of the server's --worker-timeout.
constexpr std::chrono::seconds k_silent_after{90};

}  // namespace

bool runs_on(const model::ComputeNode& node, const std::string& worker) {
  return node.scheduler && node.scheduler->is_object() && node.scheduler->value("worker", "") == worker;
}

std::map<std::string, WorkerNode> latest_worker_nodes(client::Api& api, model::Id workflow_id) {
  client::ComputeNodeFilter latest;
  latest.paging.sort_by = "id";
  latest.paging.reverse_sort = true;
  std::map<std::string, WorkerNode> found;
  for (auto& node : api.list_compute_nodes(workflow_id, latest).items) {
    if (!node.scheduler || !node.scheduler->is_object() || !node.scheduler->contains("worker")) {
      continue;
    }
    auto& slot = found[node.scheduler->value("worker", "")];
    if (slot.node.id.value_or(0) > node.id.value_or(0)) {
      continue;
    }
    slot.node = std::move(node);
  }
  for (auto& [worker, known] : found) {
    if (!known.node.is_active.value_or(false)) {
      continue;
    }
    client::JobFilter running;
    running.status = model::JobStatus::running;
    running.active_compute_node_id = known.node.id;
    running.paging.limit = 1;
    known.running_jobs = api.list_jobs(workflow_id, running).total_count;
  }
  return found;
}

std::optional<std::chrono::milliseconds> silence_of(const model::ComputeNode& node) {
  if (!node.last_heartbeat) {
    return std::nullopt;
  }
  const std::chrono::milliseconds silence{base::unix_millis_now() - *node.last_heartbeat};
  return silence > k_silent_after ? std::optional(silence) : std::nullopt;
}

}  // namespace torc::app
