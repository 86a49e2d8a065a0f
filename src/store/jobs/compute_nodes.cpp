#include "torc/store/compute_nodes.hpp"

#include <algorithm>

#include "store/query.hpp"
#include "torc/base/units.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

constexpr std::int64_t k_sign_of_life_ms = 5'000;
/// Nodes come and go; if there are more than this, only active ones are remembered.
constexpr std::size_t k_max_signs = 100'000;

void tell(Connection& connection, const model::ComputeNode& node, const char* type) {
  if (connection.changes().wanted()) {
    notify(connection, node.workflow_id, type, Severity::info,
           {{"compute_node_id", *node.id}, {"hostname", node.hostname}, {"compute_node_type", node.compute_node_type}});
  }
}

/// Null if the workflow does not have such a node.
SignOfLife* sign_of(Connection& connection, Id workflow_id, Id id) {
  auto& signs = connection.impl().signs_of_life;
  auto it = signs.find(id);
  if (it == signs.end()) {
    const auto actual = value<Id>(connection, "SELECT workflow_id FROM compute_nodes WHERE id = ?", id);
    if (actual != workflow_id) {
      return nullptr;
    }
    if (signs.size() >= k_max_signs) {
      signs.clear();
      mark_all_nodes_seen(connection);
    }
    it = signs.insert_or_assign(id, SignOfLife{.workflow_id = workflow_id}).first;
  }
  return it->second.workflow_id == workflow_id ? &it->second : nullptr;
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
    record_sign_of_life(connection, node.workflow_id, id);
    tell(connection, node, was_active ? "compute_node_stopped" : "compute_node_started");
  }
  return node;
}

model::Heartbeat record_heartbeat(Connection& connection, Id id) {
  model::Heartbeat heartbeat{.compute_node_id = id, .timestamp = base::unix_millis_now()};
  const auto node = get<model::ComputeNode>(connection, id);
  execute(connection, "UPDATE compute_nodes SET last_heartbeat = ? WHERE id = ?", heartbeat.timestamp, id);
  if (auto* sign = sign_of(connection, node.workflow_id, id)) {
    sign->seen = SilenceClock::now();
    sign->written = heartbeat.timestamp;
  }
  heartbeat.is_active = node.is_active.value_or(false);
  heartbeat.is_draining = node.is_draining.value_or(false);
  heartbeat.is_canceled = workflow_status(connection, node.workflow_id).is_canceled;
  return heartbeat;
}

void record_sign_of_life(Connection& connection, Id workflow_id, Id id) {
  auto* sign = sign_of(connection, workflow_id, id);
  if (sign == nullptr) {
    return;
  }
  sign->seen = SilenceClock::now();
  const auto now = base::unix_millis_now();
  if (now - sign->written < k_sign_of_life_ms) {
    return;
  }
  sign->written = now;
  execute(connection, "UPDATE compute_nodes SET last_heartbeat = ? WHERE id = ? AND last_heartbeat IS NOT NULL", now,
          id);
}

void mark_all_nodes_seen(Connection& connection) {
  auto& signs = connection.impl().signs_of_life;
  const auto now = SilenceClock::now();
  for (auto& [id, sign] : signs) {
    sign.seen = now;
  }
  Query rows =
      query(connection, "SELECT id, workflow_id FROM compute_nodes WHERE is_active = 1 AND last_heartbeat IS NOT NULL");
  while (rows.step()) {
    auto& sign = signs[rows.get<Id>(0)];
    sign.workflow_id = rows.get<Id>(1);
    sign.seen = now;
  }
}

void record_open_connection(Connection& connection, Id workflow_id, Id id) {
  auto& signs = connection.impl().signs_of_life;
  if (const auto it = signs.find(id); it != signs.end() && it->second.workflow_id == workflow_id) {
    it->second.seen = SilenceClock::now();
  }
}

std::vector<Id> silent_nodes(Connection& connection, SilenceClock::time_point since) {
  std::vector<Id> silent;
  for (const auto& [id, sign] : connection.impl().signs_of_life) {
    if (sign.seen < since) {
      silent.push_back(id);
    }
  }
  std::sort(silent.begin(), silent.end());
  return silent;
}

}  // namespace torc::store
