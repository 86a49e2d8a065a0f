#include "torc/store/compute_nodes.hpp"

#include "store/query.hpp"
#include "torc/base/units.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

constexpr std::int64_t k_sign_of_life_ms = 5'000;
/// Nodes come and go; beyond this the times are forgotten, which costs one write more for each.
constexpr std::size_t k_most_signs = 100'000;

void tell(Connection& connection, const model::ComputeNode& node, const char* type) {
  if (connection.changes().wanted()) {
    notify(connection, node.workflow_id, type, Severity::info,
           {{"compute_node_id", *node.id}, {"hostname", node.hostname}, {"compute_node_type", node.compute_node_type}});
  }
}

}  // namespace

model::ComputeNode create_compute_node(Connection& connection, model::ComputeNode node) {
  require_workflow(connection, node.workflow_id);
  node.last_heartbeat.reset();
  node.id = insert(connection, node);
  tell(connection, node, "compute_node_started");
  return node;
}

model::ComputeNode update_compute_node(Connection& connection, Id id, const model::ComputeNode& changes) {
  const bool was_active = get<model::ComputeNode>(connection, id).is_active.value_or(false);
  update(connection, id, changes);
  auto node = get<model::ComputeNode>(connection, id);
  if (was_active != node.is_active.value_or(false)) {
    tell(connection, node, was_active ? "compute_node_stopped" : "compute_node_started");
  }
  return node;
}

model::Heartbeat note_heartbeat(Connection& connection, Id id) {
  model::Heartbeat heartbeat{.compute_node_id = id, .timestamp = base::unix_millis_now()};
  const auto node = get<model::ComputeNode>(connection, id);
  execute(connection, "UPDATE compute_nodes SET last_heartbeat = ? WHERE id = ?", heartbeat.timestamp, id);
  connection.impl().signs_of_life[id] = {.workflow_id = node.workflow_id, .time = heartbeat.timestamp};
  heartbeat.is_active = node.is_active.value_or(false);
  heartbeat.is_draining = node.is_draining.value_or(false);
  heartbeat.is_canceled = workflow_status(connection, node.workflow_id).is_canceled;
  return heartbeat;
}

void note_sign_of_life(Connection& connection, Id workflow_id, Id id) {
  auto& signs = connection.impl().signs_of_life;
  const auto now = base::unix_millis_now();
  const auto it = signs.find(id);
  if (it != signs.end() && it->second.workflow_id == workflow_id && now - it->second.time < k_sign_of_life_ms) {
    return;
  }
  if (signs.size() >= k_most_signs) {
    signs.clear();
  }
  signs[id] = {.workflow_id = workflow_id, .time = now};
  execute(connection,
          "UPDATE compute_nodes SET last_heartbeat = ? WHERE id = ? AND workflow_id = ? "
          "AND last_heartbeat IS NOT NULL",
          now, id, workflow_id);
}

}  // namespace torc::store
