#include <fmt/format.h>

#include "client/rest_api.hpp"

namespace torc::client {
namespace {

std::vector<model::WorkflowAction> actions_from(const nlohmann::json& answer) {
  std::vector<model::WorkflowAction> actions;
  for (const auto& item : answer) {
    actions.push_back(model::from_json<model::WorkflowAction>(item));
  }
  return actions;
}

}  // namespace

model::FailureHandler RestApi::create_failure_handler(const model::FailureHandler& handler) {
  return model_from<model::FailureHandler>(server().post("/failure_handlers", {}, model::to_json(handler)),
                                           "POST /failure_handlers");
}

model::WorkflowAction RestApi::create_workflow_action(const model::WorkflowAction& action) {
  const std::string path = fmt::format("/workflows/{}/actions", action.workflow_id);
  return model_from<model::WorkflowAction>(server().post(path, {}, model::to_json(action)), "POST " + path);
}

std::vector<model::FailureHandler> RestApi::list_failure_handlers(model::Id workflow_id) {
  return server().list<model::FailureHandler>(fmt::format("/workflows/{}/failure_handlers", workflow_id), {}, {}).items;
}

std::vector<model::WorkflowAction> RestApi::list_workflow_actions(model::Id workflow_id) {
  return actions_from(server().get(fmt::format("/workflows/{}/actions", workflow_id)));
}

std::vector<model::WorkflowAction> RestApi::list_pending_actions(model::Id workflow_id,
                                                                 const std::vector<std::string>& triggers) {
  Query query;
  for (const auto& trigger : triggers) {
    query.add("trigger_type", trigger);
  }
  return actions_from(server().get(fmt::format("/workflows/{}/actions/pending", workflow_id), query));
}

bool RestApi::claim_action(model::Id workflow_id, model::Id action_id, model::Id compute_node_id) {
  try {
    server().post(fmt::format("/workflows/{}/actions/{}/claim", workflow_id, action_id), {},
                  {{"compute_node_id", compute_node_id}});
    return true;
  } catch (const base::ApiError& error) {
    if (error.status() == 409) {
      return false;  // Another runner has claimed it.
    }
    throw;
  }
}

}  // namespace torc::client
