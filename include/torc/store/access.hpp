#pragma once

// Groups of users, and the workflows that are given to them.

#include <optional>
#include <string>

#include "torc/model/access.hpp"
#include "torc/store/records.hpp"

namespace torc::store {

/// @throws Refused conflict where there is one of this name
model::AccessGroup create_group(Connection& connection, model::AccessGroup group);

/// @throws Refused not_found, forbidden for the group of the administrators
model::AccessGroup remove_group(Connection& connection, Id id);

/// @throws Refused not_found, conflict where the user is a member already
model::GroupMembership add_member(Connection& connection, Id group_id, model::GroupMembership member);

/// @throws Refused not_found
model::GroupMembership remove_member(Connection& connection, Id group_id, const std::string& user);

/// Gives a workflow to a group. Once more changes nothing.
/// @throws Refused not_found
model::WorkflowAccessGroup add_workflow_to_group(Connection& connection, Id workflow_id, Id group_id);

/// @throws Refused not_found
model::WorkflowAccessGroup remove_workflow_from_group(Connection& connection, Id workflow_id, Id group_id);

/// Whether the workflow is the user's own, was given to a group of theirs, or they are an administrator. False for a
/// workflow that does not exist.
bool has_access(Connection& connection, Id workflow_id, const std::string& user);

/// Whether the user is in the group of the administrators, who may do everything.
bool is_admin(Connection& connection, const std::string& user);

/// Puts a user into the group of the administrators; once more changes nothing.
void make_admin(Connection& connection, const std::string& user);

bool is_member(Connection& connection, Id group_id, const std::string& user);

/// Whether the user is a member of the group in the role "admin".
bool manages_group(Connection& connection, Id group_id, const std::string& user);

/// Who made the workflow; nothing where there is none.
std::optional<std::string> owner_of(Connection& connection, Id workflow_id);

/// Leaves those workflows in a listing that the user has access to.
void keep_accessible(Filter& workflows, const std::string& user);

}  // namespace torc::store
