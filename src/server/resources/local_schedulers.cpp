#include "torc/model/schedulers.hpp"

#include "server/handlers.hpp"
#include "server/resources/crud.hpp"

namespace torc::server::local_schedulers {

using model::LocalScheduler;

Response list(const Request& request, store::Connection& connection) {
  auto filter = workflow_filter(request, connection);
  filter_text(filter, request, "memory");
  filter_int(filter, request, "num_cpus");
  return answer(store::list<LocalScheduler>(connection, filter, request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  return create_record<LocalScheduler>(request, connection);
}

Response get(const Request& request, store::Connection& connection) {
  return get_record<LocalScheduler>(request, connection);
}

Response update(const Request& request, store::Connection& connection) {
  return update_record<LocalScheduler>(request, connection);
}

Response remove(const Request& request, store::Connection& connection) {
  return remove_record<LocalScheduler>(request, connection);
}

Response remove_all(const Request& request, store::Connection& connection) {
  return remove_records<LocalScheduler>(request, connection);
}

}  // namespace torc::server::local_schedulers
