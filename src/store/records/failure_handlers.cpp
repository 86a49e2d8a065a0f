#include "store/query.hpp"
#include "torc/model/automation.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {

void remove_failure_handler(Connection& connection, Id id) {
  const auto was = remove<model::FailureHandler>(connection, id);
  execute(connection, "UPDATE jobs SET failure_handler_id = NULL WHERE workflow_id = ? AND failure_handler_id = ?",
          was.workflow_id, id);
}

}  // namespace torc::store
