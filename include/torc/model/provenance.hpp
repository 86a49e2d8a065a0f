#pragma once

// Provenance: where the data of a workflow come from.

#include <cstdint>
#include <optional>
#include <string>

#include "torc/model/models.hpp"

namespace torc::model {

/// One entity of a workflow's RO-Crate.
struct RoCrateEntity {
  std::optional<Id> id;
  Id workflow_id{0};
  std::optional<Id> file_id;
  std::string entity_id;
  std::string entity_type;
  std::string metadata;  ///< JSON-LD text

  TORC_FIELDS(id, workflow_id, file_id, entity_id, entity_type, metadata);
};

}  // namespace torc::model
