#pragma once

// Who runs jobs, and when they were last heard of.

#include "torc/store/records.hpp"

namespace torc::store {

/// @throws Refused not_found where the workflow is not there
model::ComputeNode create_compute_node(Connection& connection, model::ComputeNode node);

/// Changes the fields that are present.
/// @throws Refused not_found
model::ComputeNode update_compute_node(Connection& connection, Id id, const model::ComputeNode& changes);

/// The node lives: notes the time.
/// @throws Refused not_found
model::Heartbeat note_heartbeat(Connection& connection, Id id);

/// The same for what a node does anyway; written down every few seconds only, and for none that never sent a heartbeat.
/// A node of another workflow is left alone: who names it need not have access to it.
void note_sign_of_life(Connection& connection, Id workflow_id, Id id);

}  // namespace torc::store
