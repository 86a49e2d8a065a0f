#pragma once

// Groups of users, and the workflows that are shared with them.

#include <optional>
#include <string>

#include "torc/model/access.hpp"
#include "torc/store/records.hpp"

namespace torc::store {

/// @throws Refused conflict if there is a group of this name
model::AccessGroup create_group(Connection& connection, model::AccessGroup group);

/// @throws Refused not_found, forbidden for the group of the administrators
model::AccessGroup remove_group(Connection& connection, Id id);

/// @throws Refused not_found; conflict if the user is already a member
model::GroupMembership add_member(Connection& connection, Id group_id, model::GroupMembership member);

/// @throws Refused not_found
model::GroupMembership remove_member(Connection& connection, Id group_id, const std::string& user);

/// Shares a workflow with a group. Repeating it changes nothing.
/// @throws Refused not_found
model::WorkflowAccessGroup add_workflow_to_group(Connection& connection, Id workflow_id, Id group_id);

/// @throws Refused not_found
model::WorkflowAccessGroup remove_workflow_from_group(Connection& connection, Id workflow_id, Id group_id);

/// Whether the user owns the workflow, is in a group that it is shared with, or is an administrator. False if the
/// workflow does not exist.
bool has_access(Connection& connection, Id workflow_id, const std::string& user);

/// Whether the user is in the group of the administrators, who may do everything.
bool is_admin(Connection& connection, const std::string& user);

/// Adds a user to the group of administrators. Repeating it changes nothing.
void make_admin(Connection& connection, const std::string& user);

bool is_member(Connection& connection, Id group_id, const std::string& user);

/// Whether the user is a member of the group in the role "admin".
bool manages_group(Connection& connection, Id group_id, const std::string& user);

/// The user who created the workflow, or nothing if it does not exist.
std::optional<std::string> owner_of(Connection& connection, Id workflow_id);

/// Restricts a listing to workflows that the user has access to.
void keep_accessible(Filter& workflows, const std::string& user);

}  // namespace torc::store
