#pragma once

// Where a workflow's data come from.

#include <cstdint>
#include <optional>
#include <string>

#include "torc/model/models.hpp"

namespace torc::model {

/// One entity of a workflow's RO-Crate.
struct RoCrateEntity {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  Id workflow_id{0};
  std::optional<Id> file_id;
  std::string entity_id;
  std::string entity_type;
  std::string metadata;  ///< JSON-LD text

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("file_id", self.file_id);
    visitor("entity_id", self.entity_id);
    visitor("entity_type", self.entity_type);
    visitor("metadata", self.metadata);
  }
};

}  // namespace torc::model
