#pragma once

// Who runs jobs, and when they were last heard of.

#include <chrono>

#include "torc/store/records.hpp"

namespace torc::store {

/// @throws Refused not_found where the workflow is not there
model::ComputeNode create_compute_node(Connection& connection, model::ComputeNode node);

/// Changes the fields that are present.
/// @throws Refused not_found
model::ComputeNode update_compute_node(Connection& connection, Id id, const model::ComputeNode& changes);

/// The node lives: notes the time.
/// @throws Refused not_found
model::Heartbeat record_heartbeat(Connection& connection, Id id);

/// The same for what a node does anyway; written down every few seconds only, and for none that never sent a heartbeat.
/// A node of another workflow is left alone: who names it need not have access to it.
void record_sign_of_life(Connection& connection, Id workflow_id, Id id);

// Nodes that are silent. When each was last heard of is kept in memory, by a monotonic clock, and known to the
// one connection over which all the above is noted.

using SilenceClock = std::chrono::steady_clock;

/// From a job's third loss on it fails, with this return code.
inline constexpr std::int64_t k_most_losses = 3;
inline constexpr std::int64_t k_return_code_of_loss = -128;

/// Every active node that has ever sent a heartbeat counts as heard of now: they could not be, before.
void hear_all_nodes(Connection& connection);

/// As record_sign_of_life, in memory only: a node that does nothing but wait for an answer.
void record_open_connection(Connection& connection, Id workflow_id, Id id);

/// Nodes not heard of since `since`; asks the memory only. Some may be inactive, or never have sent a heartbeat.
std::vector<Id> silent_nodes(Connection& connection, SilenceClock::time_point since);

/// What became of a silent node's jobs.
struct LostNode {
  model::ComputeNode node{};
  std::vector<Id> requeued{};  ///< Ready again, as their next attempt.
  std::vector<Id> failed{};    ///< Lost once too often.
};

/// The node is lost, where it is active and has ever sent a heartbeat: it becomes inactive, what it had claimed or ran
/// becomes ready again, or fails at its third loss. Events tell it.
/// @returns nothing where it is not one to be held to its heartbeats
std::optional<LostNode> mark_node_lost(Connection& connection, Id id);

}  // namespace torc::store
