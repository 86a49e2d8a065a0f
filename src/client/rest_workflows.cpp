#include <fmt/format.h>

#include "client/rest_api.hpp"

namespace torc::client {
namespace {

std::string path_of(model::Id id, const char* rest = "") {
  return fmt::format("/workflows/{}{}", id, rest);
}

std::vector<model::Id> ids_at(const nlohmann::json& answer, const char* name, const std::string& what) {
  try {
    return model::detail::read_value<std::vector<model::Id>>(name, value_at(answer, name));
  } catch (const model::JsonError& error) {
    throw_unexpected(what, error.what());
  }
}

}  // namespace

model::Page<model::Workflow> RestApi::list_workflows(const WorkflowFilter& filter) {
  Query query;
  query.add("user", filter.user).add("name", filter.name).add("is_archived", filter.is_archived);
  return server().list<model::Workflow>("/workflows", query, filter.paging);
}

model::Workflow RestApi::get_workflow(model::Id id) {
  return model_from<model::Workflow>(server().get(path_of(id)), "GET " + path_of(id));
}

model::Workflow RestApi::create_workflow(const model::Workflow& workflow) {
  return model_from<model::Workflow>(server().post("/workflows", {}, model::to_json(workflow)), "POST /workflows");
}

model::Workflow RestApi::delete_workflow(model::Id id) {
  return model_from<model::Workflow>(server().remove(path_of(id)), "DELETE " + path_of(id));
}

model::WorkflowStatus RestApi::get_workflow_status(model::Id id) {
  const std::string path = path_of(id, "/status");
  return model_from<model::WorkflowStatus>(server().get(path), "GET " + path);
}

model::WorkflowStatus RestApi::update_workflow_status(model::Id id, const model::WorkflowStatus& status) {
  const std::string path = path_of(id, "/status");
  return model_from<model::WorkflowStatus>(server().put(path, model::to_json(status)), "PUT " + path);
}

model::Completion RestApi::is_workflow_complete(model::Id id) {
  const std::string path = path_of(id, "/is_complete");
  return model_from<model::Completion>(server().get(path), "GET " + path);
}

bool RestApi::is_workflow_uninitialized(model::Id id) {
  const std::string path = path_of(id, "/is_uninitialized");
  return bool_at(server().get(path), "is_uninitialized", "GET " + path);
}

void RestApi::initialize_jobs(model::Id id, bool only_uninitialized, bool clear_ephemeral_user_data) {
  Query query;
  query.add("only_uninitialized", only_uninitialized).add("clear_ephemeral_user_data", clear_ephemeral_user_data);
  server().post(path_of(id, "/initialize_jobs"), query);
}

bool RestApi::initialize_next_run(model::Id id, bool only_uninitialized, bool if_uninitialized) {
  const std::string path = path_of(id, "/initialize_jobs");
  Query query;
  query.add("only_uninitialized", only_uninitialized).add("next_run", true).add("if_uninitialized", if_uninitialized);
  const auto answer = server().post(path, query);
  return !if_uninitialized || bool_at(answer, "initialized", "POST " + path);
}

void RestApi::cancel_workflow(model::Id id) {
  server().put(path_of(id, "/cancel"));
}

void RestApi::reset_workflow_status(model::Id id, bool force) {
  Query query;
  if (force) {
    query.add("force", true);
  }
  server().post(path_of(id, "/reset_status"), query);
}

std::int64_t RestApi::reset_job_status(model::Id id, bool failed_only) {
  const std::string path = path_of(id, "/reset_job_status");
  const auto answer = server().post(path, Query().add("failed_only", failed_only));
  return int_at(answer, "updated_count", "POST " + path);
}

std::vector<model::Id> RestApi::required_existing_files(model::Id id) {
  const std::string path = path_of(id, "/required_existing_files");
  return ids_at(server().get(path), "files", "GET " + path);
}

std::vector<model::Id> RestApi::missing_user_data(model::Id id) {
  const std::string path = path_of(id, "/missing_user_data");
  return ids_at(server().get(path), "user_data", "GET " + path);
}

model::Summary RestApi::summarize_workflow(model::Id id) {
  const std::string path = fmt::format("/workflows/{}/summary", id);
  return model_from<model::Summary>(server().get(path), "GET " + path);
}

}  // namespace torc::client
