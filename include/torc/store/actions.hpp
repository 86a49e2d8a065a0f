#pragma once

// What a workflow's runners do once something has happened.

#include <optional>
#include <string>
#include <vector>

#include "torc/model/automation.hpp"
#include "torc/store/records.hpp"

namespace torc::store {

/// @throws Refused unprocessable for a trigger, a kind of action or jobs that make no sense
model::WorkflowAction create_action(Connection& connection, Id workflow_id, model::WorkflowAction action);

/// All of them, with how far their triggers have come.
std::vector<model::WorkflowAction> actions(Connection& connection, Id workflow_id);

/// The actions that have fired and are not claimed; if triggers are given, only those with one of them.
std::vector<model::WorkflowAction> pending_actions(Connection& connection, Id workflow_id,
                                                   const std::vector<std::string>& triggers);

/// The caller does it. Persistent ones are for everybody, the others for the first.
/// @returns false if another runner has claimed it
/// @throws Refused not_found
bool claim_action(Connection& connection, Id workflow_id, Id action_id, std::optional<Id> compute_node_id);

/// A new run begins: nothing has been executed, the workflow and its workers start.
void rearm_actions(Connection& connection, Id workflow_id);

}  // namespace torc::store
