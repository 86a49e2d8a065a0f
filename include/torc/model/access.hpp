#pragma once

// Which users may see which workflows.

#include <cstdint>
#include <optional>
#include <string>

#include "torc/model/models.hpp"

namespace torc::model {

/// Users who may see the workflows that are shared with the group.
struct AccessGroup {
  std::optional<Id> id;
  std::string name;
  std::optional<std::string> description;
  std::optional<std::string> created_at;

  TORC_FIELDS(id, name, description, created_at);
};

/// A user in a group.
struct GroupMembership {
  std::optional<Id> id;
  std::string user_name;
  Id group_id{0};
  std::string role;  ///< member, admin
  std::optional<std::string> created_at;

  TORC_FIELDS(id, user_name, group_id, role, created_at);
};

/// A workflow that is shared with a group.
struct WorkflowAccessGroup {
  Id workflow_id{0};
  Id group_id{0};
  std::optional<std::string> created_at;

  TORC_FIELDS(workflow_id, group_id, created_at);
};

}  // namespace torc::model
