#pragma once

// Actions: what a workflow's runners do when certain events happen.

#include <optional>
#include <string>
#include <vector>

#include "torc/model/automation.hpp"
#include "torc/store/records.hpp"

namespace torc::store {

/// @throws Refused unprocessable for an invalid trigger, action type or job
model::WorkflowAction create_action(Connection& connection, Id workflow_id, model::WorkflowAction action);

/// All actions of the workflow, with the counts of their triggers.
std::vector<model::WorkflowAction> actions(Connection& connection, Id workflow_id);

/// The actions that have fired and are not claimed; if triggers are given, only those with one of them.
std::vector<model::WorkflowAction> pending_actions(Connection& connection, Id workflow_id,
                                                   const std::vector<std::string>& triggers);

/// Claims an action for the caller. Every runner can claim a persistent action; the others only the first.
/// @returns false if another runner has claimed it
/// @throws Refused not_found
bool claim_action(Connection& connection, Id workflow_id, Id action_id, std::optional<Id> compute_node_id);

/// Prepares the actions for a new run: none is executed, and the triggers for the start of the workflow and its workers
/// have fired.
void rearm_actions(Connection& connection, Id workflow_id);

}  // namespace torc::store
