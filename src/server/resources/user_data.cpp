#include <fmt/format.h>

#include "server/handlers.hpp"
#include "server/resources/crud.hpp"
#include "torc/store/jobs.hpp"

namespace torc::server::user_data {

using model::UserData;

Response list(const Request& request, store::Connection& connection) {
  auto filter = workflow_filter(request, connection);
  filter_text(filter, request, "name");
  filter_bool(filter, request, "is_ephemeral");
  if (const auto id = request.query_int("consumer_job_id")) {
    filter.where("id IN (SELECT user_data_id FROM job_input_user_data WHERE job_id = ?)", *id);
  }
  if (const auto id = request.query_int("producer_job_id")) {
    filter.where("id IN (SELECT user_data_id FROM job_output_user_data WHERE job_id = ?)", *id);
  }
  return answer(store::list<UserData>(connection, filter, request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  auto record = request.read<UserData>();
  store::require_workflow(connection, record.workflow_id);
  record.id = store::insert(connection, record);
  store::link_user_data(connection, *record.id, request.query_int("consumer_job_id"),
                        request.query_int("producer_job_id"));
  return answer(record);
}

Response get(const Request& request, store::Connection& connection) {
  return get_record<UserData>(request, connection);
}

Response update(const Request& request, store::Connection& connection) {
  return update_record<UserData>(request, connection);
}

Response remove(const Request& request, store::Connection& connection) {
  return remove_record<UserData>(request, connection);
}

Response remove_all(const Request& request, store::Connection& connection) {
  const Id workflow_id = request.required_int("workflow_id");
  store::require_workflow(connection, workflow_id);
  const auto count = store::remove_all<UserData>(connection, workflow_id);
  return answer(
      nlohmann::json{{"deleted_count", count},
                     {"message", fmt::format("Deleted {} user data records for workflow {}", count, workflow_id)}});
}

}  // namespace torc::server::user_data
