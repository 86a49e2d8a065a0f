#include "server/handlers.hpp"
#include "server/resources/crud.hpp"
#include "torc/model/automation.hpp"

namespace torc::server::failure_handlers {

using model::FailureHandler;

Response list(const Request& request, store::Connection& connection) {
  return answer(store::list<FailureHandler>(connection, filter_of_path(request, connection), request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  return create_record<FailureHandler>(request, connection);
}

Response get(const Request& request, store::Connection& connection) {
  return get_record<FailureHandler>(request, connection);
}

/// Responds with the deleted record, as the interface description of 0.23 has it, and the message that 0.23 actually
/// sends.
Response remove(const Request& request, store::Connection& connection) {
  auto body = model::to_json(store::get<FailureHandler>(connection, request.id()));
  store::remove_failure_handler(connection, request.id());
  body["message"] = "Failure handler deleted successfully";
  return answer(body);
}

}  // namespace torc::server::failure_handlers
