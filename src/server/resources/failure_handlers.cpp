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

Response remove(const Request& request, store::Connection& connection) {
  store::remove_failure_handler(connection, request.id());
  return answer(nlohmann::json{{"message", "Failure handler deleted successfully"}});
}

}  // namespace torc::server::failure_handlers
