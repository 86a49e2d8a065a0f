#include "torc/model/schedulers.hpp"

#include "server/handlers.hpp"
#include "server/resources/crud.hpp"

namespace torc::server::slurm_schedulers {

using model::SlurmScheduler;

Response list(const Request& request, store::Connection& connection) {
  auto filter = workflow_filter(request, connection);
  return answer(store::list<SlurmScheduler>(connection, filter, request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  return create_record<SlurmScheduler>(request, connection);
}

Response get(const Request& request, store::Connection& connection) {
  return get_record<SlurmScheduler>(request, connection);
}

Response update(const Request& request, store::Connection& connection) {
  return update_record<SlurmScheduler>(request, connection);
}

Response remove(const Request& request, store::Connection& connection) {
  return remove_record<SlurmScheduler>(request, connection);
}

Response remove_all(const Request& request, store::Connection& connection) {
  return remove_records<SlurmScheduler>(request, connection);
}

}  // namespace torc::server::slurm_schedulers
