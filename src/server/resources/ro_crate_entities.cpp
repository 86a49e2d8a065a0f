#include <fmt/format.h>

#include "server/errors.hpp"
#include "server/handlers.hpp"
#include "server/resources/crud.hpp"
#include "torc/model/provenance.hpp"

namespace torc::server::ro_crate_entities {

using model::RoCrateEntity;

namespace {

/// An entity's ID must be unique in the workflow, and its file must belong to the workflow.
void check(store::Connection& connection, const RoCrateEntity& entity, Id workflow_id, Id own_id) {
  store::Filter same;
  same.equals("workflow_id", workflow_id).equals("entity_id", entity.entity_id).where("id != ?", own_id);
  if (store::list<RoCrateEntity>(connection, same, {.limit = 1}).total_count != 0) {
    throw RequestError(409, fmt::format("workflow {} already has an entity '{}'", workflow_id, entity.entity_id),
                       {{"field", "entity_id"}});
  }
  if (entity.file_id && store::get<model::File>(connection, *entity.file_id).workflow_id != workflow_id) {
    throw RequestError(422, fmt::format("file {} does not belong to workflow {}", *entity.file_id, workflow_id),
                       {{"field", "file_id"}});
  }
}

}  // namespace

Response list(const Request& request, store::Connection& connection) {
  return answer(store::list<RoCrateEntity>(connection, filter_of_path(request, connection), request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  auto entity = request.read<RoCrateEntity>();
  store::require_workflow(connection, entity.workflow_id);
  check(connection, entity, entity.workflow_id, 0);
  entity.id = store::insert(connection, entity);
  return answer(entity);
}

Response get(const Request& request, store::Connection& connection) {
  return get_record<RoCrateEntity>(request, connection);
}

Response update(const Request& request, store::Connection& connection) {
  const Id id = request.id();
  const auto entity = request.read<RoCrateEntity>();
  check(connection, entity, store::get<RoCrateEntity>(connection, id).workflow_id, id);
  store::update(connection, id, entity);
  return answer(store::get<RoCrateEntity>(connection, id));
}

Response remove(const Request& request, store::Connection& connection) {
  store::remove<RoCrateEntity>(connection, request.id());
  return answer(nlohmann::json{{"message", "RO-Crate entity deleted successfully"}});
}

Response remove_all(const Request& request, store::Connection& connection) {
  const Id workflow_id = request.id();
  store::require_workflow(connection, workflow_id);
  const auto count = store::remove_all<RoCrateEntity>(connection, workflow_id);
  return answer(
      nlohmann::json{{"deleted_count", count}, {"message", fmt::format("Deleted {} RO-Crate entities", count)}});
}

}  // namespace torc::server::ro_crate_entities
