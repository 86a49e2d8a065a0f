#include <fmt/format.h>

#include "server/errors.hpp"
#include "server/handlers.hpp"
#include "server/resources/crud.hpp"
#include "torc/store/jobs.hpp"

namespace torc::server::results {

Response list(const Request& request, store::Connection& connection) {
  auto filter = workflow_filter(request, connection);
  filter_int(filter, request, "job_id");
  filter_int(filter, request, "run_id");
  filter_int(filter, request, "return_code");
  filter_int(filter, request, "compute_node_id");
  if (const auto status = request.query_status("status")) {
    filter.equals("status", static_cast<std::int64_t>(*status));
  }
  if (!request.query_flag("all_runs")) {
    filter.where("EXISTS (SELECT 1 FROM jobs j WHERE j.id = results.job_id AND j.result_id = results.id)");
  }
  return answer(store::list<model::Result>(connection, filter, request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  auto result = request.read<model::Result>();
  store::require_workflow(connection, result.workflow_id);
  if (store::get<model::Job>(connection, result.job_id).workflow_id != result.workflow_id) {
    throw RequestError(422, fmt::format("job {} does not belong to workflow {}", result.job_id, result.workflow_id));
  }
  if (store::has_result(connection, result.job_id, result.run_id, result.attempt_id.value_or(1))) {
    throw RequestError(409, fmt::format("job {} already has a result of run {}, attempt {}", result.job_id,
                                        result.run_id, result.attempt_id.value_or(1)));
  }
  result.id = store::insert(connection, result);
  return answer(store::get<model::Result>(connection, *result.id));
}

Response get(const Request& request, store::Connection& connection) {
  return get_record<model::Result>(request, connection);
}

Response update(const Request& request, store::Connection& connection) {
  const auto was = store::get<model::Result>(connection, request.id());
  const auto changes = request.read<model::Result>();
  if (changes.job_id != was.job_id) {
    throw RequestError(422, fmt::format("result {} belongs to job {}, not to {}", *was.id, was.job_id, changes.job_id));
  }
  store::update(connection, request.id(), changes);
  return answer(store::get<model::Result>(connection, request.id()));
}

Response remove(const Request& request, store::Connection& connection) {
  return remove_record<model::Result>(request, connection);
}

Response remove_all(const Request& request, store::Connection& connection) {
  return remove_records<model::Result>(request, connection);
}

}  // namespace torc::server::results
