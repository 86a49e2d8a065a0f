#include "server/handlers.hpp"
#include "server/resources/crud.hpp"

namespace torc::server::files {

using model::File;

Response list(const Request& request, store::Connection& connection) {
  auto filter = workflow_filter(request, connection);
  filter_text(filter, request, "name");
  filter_text(filter, request, "path");
  if (const auto id = request.query_int("produced_by_job_id")) {
    filter.where("id IN (SELECT file_id FROM job_output_files WHERE job_id = ?)", *id);
  }
  if (const auto is_output = request.query_bool("is_output")) {
    filter.where(std::string{*is_output ? "" : "NOT "} +
                 "EXISTS (SELECT 1 FROM job_output_files o WHERE o.file_id = files.id)");
  }
  return answer(store::list<File>(connection, filter, request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  return create_record<File>(request, connection);
}

Response get(const Request& request, store::Connection& connection) {
  return get_record<File>(request, connection);
}

Response update(const Request& request, store::Connection& connection) {
  return update_record<File>(request, connection);
}

Response remove(const Request& request, store::Connection& connection) {
  return remove_record<File>(request, connection);
}

Response remove_all(const Request& request, store::Connection& connection) {
  const Id workflow_id = request.required_int("workflow_id");
  store::require_workflow(connection, workflow_id);
  const auto count = store::remove_all<File>(connection, workflow_id);
  // The interface description has "count", 0.23 sends "deleted_count".
  return answer(nlohmann::json{{"count", count}, {"deleted_count", count}});
}

}  // namespace torc::server::files
