#pragma once

// Compute nodes, and when the server last had contact with them.

#include <chrono>

#include "torc/store/records.hpp"

namespace torc::store {

/// @throws Refused not_found if the workflow does not exist
model::ComputeNode create_compute_node(Connection& connection, model::ComputeNode node);

/// Changes the fields that are present.
/// @throws Refused not_found
model::ComputeNode update_compute_node(Connection& connection, Id id, const model::ComputeNode& changes);

/// Records a heartbeat of the node.
/// @throws Refused not_found
model::Heartbeat record_heartbeat(Connection& connection, Id id);

/// Records other contact with a node. It is stored only every few seconds, and only for nodes that have sent a
/// heartbeat. A node of another workflow is ignored, because the client need not have access to that workflow.
void record_sign_of_life(Connection& connection, Id workflow_id, Id id);

// Silent nodes. The time of the last contact is kept in memory, measured by a monotonic clock, and known only to the
// connection over which the functions above were called.

using SilenceClock = std::chrono::steady_clock;

/// At its third loss, a job fails with this return code.
inline constexpr std::int64_t k_max_losses = 3;
inline constexpr std::int64_t k_return_code_of_loss = -128;

/// Treats every active node that has ever sent a heartbeat as just seen, because the server could not receive
/// heartbeats before.
void mark_all_nodes_seen(Connection& connection);

/// Like record_sign_of_life, but in memory only: for a node that only waits for a response.
void record_open_connection(Connection& connection, Id workflow_id, Id id);

/// Nodes without contact since `since`. Reads only memory, so some may be inactive or never have sent a heartbeat.
std::vector<Id> silent_nodes(Connection& connection, SilenceClock::time_point since);

/// What happened to the jobs of a lost node.
struct LostNode {
  model::ComputeNode node{};
  std::vector<Id> requeued{};  ///< Ready again, as their next attempt.
  std::vector<Id> failed{};    ///< Lost too often.
};

/// Marks a node as lost if it is active and has ever sent a heartbeat: it becomes inactive, and its claimed and running
/// jobs are requeued, or fail at their third loss. Events record this.
/// @returns nothing if the node cannot be lost
std::optional<LostNode> mark_node_lost(Connection& connection, Id id);

}  // namespace torc::store
