#include "torc/store/workflows.hpp"

#include "server/handlers.hpp"
#include "server/resources/crud.hpp"
#include "torc/store/access.hpp"
#include "torc/store/jobs.hpp"

namespace torc::server::workflows {
namespace {

nlohmann::json user_action(const Request& request, const char* action, Id workflow_id) {
  return {{"action", action}, {"category", "user_action"}, {"user", request.user}, {"workflow_id", workflow_id}};
}

Response status_of(store::Connection& connection, Id workflow_id) {
  return answer(store::workflow_status(connection, workflow_id));
}

}  // namespace

Response list(const Request& request, store::Connection& connection) {
  store::Filter filter;
  filter_text(filter, request, "name");
  filter_text(filter, request, "user");
  filter_text(filter, request, "description");
  filter_bool(filter, request, "is_archived");
  if (request.restricted) {
    store::keep_accessible(filter, request.user);
  }
  return answer(store::list<model::Workflow>(connection, filter, request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  return answer(store::create_workflow(connection, request.read<model::Workflow>()));
}

Response get(const Request& request, store::Connection& connection) {
  return get_record<model::Workflow>(request, connection);
}

Response update(const Request& request, store::Connection& connection) {
  auto changes = request.read<model::Workflow>();
  changes.timestamp.reset();
  store::update(connection, request.id(), changes);
  return answer(store::get<model::Workflow>(connection, request.id()));
}

Response remove(const Request& request, store::Connection& connection) {
  return answer(store::remove<model::Workflow>(connection, request.id()));
}

Response get_status(const Request& request, store::Connection& connection) {
  return status_of(connection, request.id());
}

Response update_status(const Request& request, store::Connection& connection) {
  store::update_workflow_status(connection, request.id(), request.read<model::WorkflowStatus>());
  return status_of(connection, request.id());
}

Response is_complete(const Request& request, store::Connection& connection) {
  return answer(store::workflow_completion(connection, request.id()));
}

Response is_uninitialized(const Request& request, store::Connection& connection) {
  return answer(nlohmann::json{{"is_uninitialized", store::is_uninitialized(connection, request.id())}});
}

Response initialize_jobs(const Request& request, store::Connection& connection) {
  const Id id = request.id();
  const bool if_uninitialized = request.query_flag("if_uninitialized");
  const bool initialized =
      store::initialize_jobs(connection, id,
                             {.only_uninitialized = request.query_flag("only_uninitialized"),
                              .clear_ephemeral_user_data = request.query_flag("clear_ephemeral_user_data"),
                              .next_run = request.query_flag("next_run"),
                              .if_uninitialized = if_uninitialized});
  nlohmann::json body{{"message", initialized ? "Initialized job status" : "The workflow was initialized before"}};
  if (if_uninitialized) {
    body["initialized"] = initialized;
  }
  return answer(body);
}

Response cancel(const Request& request, store::Connection& connection) {
  store::cancel_workflow(connection, request.id());
  return status_of(connection, request.id());
}

Response reset_status(const Request& request, store::Connection& connection) {
  const Id id = request.id();
  const bool force = request.query_flag("force");
  store::reset_workflow_status(connection, id, force);
  auto event = user_action(request, "reset_workflow_status", id);
  event["force"] = force;
  store::add_event(connection, id, event);
  return status_of(connection, id);
}

Response reset_job_status(const Request& request, store::Connection& connection) {
  const Id id = request.id();
  const bool failed_only = request.query_flag("failed_only");
  const auto count = store::reset_job_status(connection, id, failed_only);
  auto event = user_action(request, "reset_job_status", id);
  event["failed_only"] = failed_only;
  event["updated_count"] = count;
  store::add_event(connection, id, event);
  nlohmann::json body{{"workflow_id", id}, {"updated_count", count}, {"status", "uninitialized"}};
  if (failed_only) {
    body["reset_type"] = "failed_only";
  }
  return answer(body);
}

Response required_existing_files(const Request& request, store::Connection& connection) {
  return answer(nlohmann::json{{"files", store::required_existing_files(connection, request.id())}});
}

Response missing_user_data(const Request& request, store::Connection& connection) {
  return answer(nlohmann::json{{"user_data", store::missing_user_data(connection, request.id())}});
}

Response process_changed_job_inputs(const Request& request, store::Connection& connection) {
  return answer(nlohmann::json{
      {"reinitialized_jobs", store::process_changed_inputs(connection, request.id(), request.query_flag("dry_run"))}});
}

Response job_ids(const Request& request, store::Connection& connection) {
  const auto ids = store::job_ids(connection, request.id());
  return answer(nlohmann::json{{"job_ids", ids}, {"count", ids.size()}});
}

Response job_dependencies(const Request& request, store::Connection& connection) {
  return answer(store::job_dependencies(connection, request.id(), request.paging()));
}

Response job_file_relationships(const Request& request, store::Connection& connection) {
  return answer(store::file_relationships(connection, request.id(), request.paging()));
}

Response job_user_data_relationships(const Request& request, store::Connection& connection) {
  return answer(store::user_data_relationships(connection, request.id(), request.paging()));
}

}  // namespace torc::server::workflows
