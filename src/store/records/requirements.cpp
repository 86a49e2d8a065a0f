#include <fmt/format.h>

#include "store/query.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

bool is_used(Connection& connection, Id requirements_id) {
  return value<int>(connection, "SELECT 1 FROM jobs WHERE resource_requirements_id = ? LIMIT 1", requirements_id)
      .has_value();
}

}  // namespace

Id default_requirements(Connection& connection, Id workflow_id) {
  const auto id = value<Id>(connection,
                            "SELECT id FROM resource_requirements WHERE workflow_id = ? AND name = 'default' "
                            "ORDER BY id LIMIT 1",
                            workflow_id);
  if (!id) {
    throw Refused(
        Refused::Reason::unprocessable,
        fmt::format("workflow {} has no resource requirements named 'default'; specify resource_requirements_id",
                    workflow_id));
  }
  return *id;
}

model::ResourceRequirements remove_requirements(Connection& connection, Id id) {
  const auto was = get<model::ResourceRequirements>(connection, id);
  if (is_used(connection, id)) {
    const Id fallback = default_requirements(connection, was.workflow_id);
    if (fallback == id) {
      throw Refused(Refused::Reason::conflict,
                    fmt::format("jobs of workflow {} need the default resource requirements {}", was.workflow_id, id));
    }
    execute(connection, "UPDATE jobs SET resource_requirements_id = ? WHERE resource_requirements_id = ?", fallback,
            id);
  }
  return remove<model::ResourceRequirements>(connection, id);
}

std::int64_t remove_all_requirements(Connection& connection, Id workflow_id) {
  require_workflow(connection, workflow_id);
  if (value<int>(connection, "SELECT 1 FROM jobs WHERE workflow_id = ? LIMIT 1", workflow_id)) {
    const Id fallback = default_requirements(connection, workflow_id);
    execute(connection, "UPDATE jobs SET resource_requirements_id = ? WHERE workflow_id = ?", fallback, workflow_id);
    return execute(connection, "DELETE FROM resource_requirements WHERE workflow_id = ? AND id != ?", workflow_id,
                   fallback);
  }
  return remove_all<model::ResourceRequirements>(connection, workflow_id);
}

void record_amounts(Connection& connection, Id id, std::int64_t memory_bytes, std::int64_t runtime_seconds) {
  execute(connection, "UPDATE resource_requirements SET memory_bytes = ?, runtime_seconds = ? WHERE id = ?",
          memory_bytes, runtime_seconds, id);
}

}  // namespace torc::store
