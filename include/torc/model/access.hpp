#pragma once

// Who sees which workflows.

#include <cstdint>
#include <optional>
#include <string>

#include "torc/model/models.hpp"

namespace torc::model {

/// People who see the workflows that are given to their group.
struct AccessGroup {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  std::string name;
  std::optional<std::string> description;
  std::optional<std::string> created_at;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("name", self.name);
    visitor("description", self.description);
    visitor("created_at", self.created_at);
  }
};

/// A user in a group.
struct GroupMembership {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  std::string user_name;
  Id group_id{0};
  std::string role;  ///< member, admin
  std::optional<std::string> created_at;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("user_name", self.user_name);
    visitor("group_id", self.group_id);
    visitor("role", self.role);
    visitor("created_at", self.created_at);
  }
};

/// A workflow that a group sees.
struct WorkflowAccessGroup {
  static constexpr bool k_model = true;

  Id workflow_id{0};
  Id group_id{0};
  std::optional<std::string> created_at;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("workflow_id", self.workflow_id);
    visitor("group_id", self.group_id);
    visitor("created_at", self.created_at);
  }
};

}  // namespace torc::model
