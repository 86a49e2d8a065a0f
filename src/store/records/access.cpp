#include "torc/store/access.hpp"

#include <fmt/format.h>

#include "store/query.hpp"
#include "torc/base/units.hpp"

namespace torc::store {
namespace {

using model::AccessGroup;
using model::GroupMembership;
using Reason = Refused::Reason;

/// Created together with the database.
constexpr Id k_admin_group = 1;

std::optional<Id> member_id(Connection& connection, Id group_id, const std::string& user) {
  return value<Id>(connection, "SELECT id FROM access_group_members WHERE group_id = ? AND user_name = ?", group_id,
                   user);
}

std::optional<std::string> given_at(Connection& connection, Id workflow_id, Id group_id) {
  return value<std::string>(connection,
                            "SELECT created_at FROM workflow_access_groups WHERE workflow_id = ? AND group_id = ?",
                            workflow_id, group_id);
}

}  // namespace

AccessGroup create_group(Connection& connection, AccessGroup group) {
  if (value<Id>(connection, "SELECT id FROM access_groups WHERE name = ?", group.name)) {
    throw Refused(Reason::conflict, fmt::format("Group '{}' already exists", group.name));
  }
  group.created_at = base::timestamp_now();
  group.id = insert(connection, group);
  return group;
}

AccessGroup remove_group(Connection& connection, Id id) {
  const auto group = get<AccessGroup>(connection, id);
  if (id == k_admin_group) {
    throw Refused(Reason::forbidden, "Cannot delete system groups");
  }
  return remove<AccessGroup>(connection, id);
}

GroupMembership add_member(Connection& connection, Id group_id, GroupMembership member) {
  get<AccessGroup>(connection, group_id);
  if (member_id(connection, group_id, member.user_name)) {
    throw Refused(Reason::conflict,
                  fmt::format("User '{}' is already a member of group {}", member.user_name, group_id));
  }
  member.group_id = group_id;
  member.created_at = base::timestamp_now();
  member.id = insert(connection, member);
  return member;
}

GroupMembership remove_member(Connection& connection, Id group_id, const std::string& user) {
  get<AccessGroup>(connection, group_id);
  const auto id = member_id(connection, group_id, user);
  if (!id) {
    throw Refused(Reason::not_found, fmt::format("Membership not found for user '{}' in group {}", user, group_id));
  }
  return remove<GroupMembership>(connection, *id);
}

model::WorkflowAccessGroup add_workflow_to_group(Connection& connection, Id workflow_id, Id group_id) {
  require_workflow(connection, workflow_id);
  get<AccessGroup>(connection, group_id);
  execute(connection,
          "INSERT OR IGNORE INTO workflow_access_groups (workflow_id, group_id, created_at) VALUES (?, ?, ?)",
          workflow_id, group_id, base::timestamp_now());
  return {.workflow_id = workflow_id, .group_id = group_id, .created_at = given_at(connection, workflow_id, group_id)};
}

model::WorkflowAccessGroup remove_workflow_from_group(Connection& connection, Id workflow_id, Id group_id) {
  model::WorkflowAccessGroup was{
      .workflow_id = workflow_id, .group_id = group_id, .created_at = given_at(connection, workflow_id, group_id)};
  if (!was.created_at) {
    throw Refused(Reason::not_found,
                  fmt::format("Association not found for workflow {} in group {}", workflow_id, group_id));
  }
  execute(connection, "DELETE FROM workflow_access_groups WHERE workflow_id = ? AND group_id = ?", workflow_id,
          group_id);
  return was;
}

bool has_access(Connection& connection, Id workflow_id, const std::string& user) {
  return value<int>(connection,
                    "SELECT 1 FROM workflows w WHERE w.id = ?1 AND (w.user = ?2 "
                    "OR EXISTS (SELECT 1 FROM access_group_members m WHERE m.user_name = ?2 AND m.group_id = ?3) "
                    "OR EXISTS (SELECT 1 FROM workflow_access_groups a JOIN access_group_members m "
                    "ON m.group_id = a.group_id WHERE a.workflow_id = w.id AND m.user_name = ?2))",
                    workflow_id, user, k_admin_group)
      .has_value();
}

void keep_accessible(Filter& workflows, const std::string& user) {
  // The same rule as has_access. A filter's condition binds one value, so the subquery gives it a name.
  workflows.where(
      fmt::format("EXISTS (SELECT 1 FROM (SELECT ? AS name) u WHERE workflows.user = u.name "
                  "OR EXISTS (SELECT 1 FROM access_group_members m WHERE m.user_name = u.name "
                  "AND m.group_id = {}) "
                  "OR EXISTS (SELECT 1 FROM workflow_access_groups a JOIN access_group_members m "
                  "ON m.group_id = a.group_id WHERE a.workflow_id = workflows.id AND m.user_name = u.name))",
                  k_admin_group),
      user);
}

bool is_admin(Connection& connection, const std::string& user) {
  return is_member(connection, k_admin_group, user);
}

void make_admin(Connection& connection, const std::string& user) {
  if (!is_admin(connection, user)) {
    GroupMembership member;
    member.user_name = user;
    member.role = "admin";
    add_member(connection, k_admin_group, member);
  }
}

bool is_member(Connection& connection, Id group_id, const std::string& user) {
  return member_id(connection, group_id, user).has_value();
}

bool manages_group(Connection& connection, Id group_id, const std::string& user) {
  return value<Id>(connection,
                   "SELECT id FROM access_group_members WHERE group_id = ? AND user_name = ? AND role = 'admin'",
                   group_id, user)
      .has_value();
}

std::optional<std::string> owner_of(Connection& connection, Id workflow_id) {
  return value<std::string>(connection, "SELECT user FROM workflows WHERE id = ?", workflow_id);
}

}  // namespace torc::store
