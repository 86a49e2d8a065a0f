#include <fmt/format.h>

#include "client/rest_api.hpp"

namespace torc::client {

model::FailureHandler RestApi::create_failure_handler(const model::FailureHandler& handler) {
  return model_from<model::FailureHandler>(server().post("/failure_handlers", {}, model::to_json(handler)),
                                           "POST /failure_handlers");
}

model::WorkflowAction RestApi::create_workflow_action(const model::WorkflowAction& action) {
  const std::string path = fmt::format("/workflows/{}/actions", action.workflow_id);
  return model_from<model::WorkflowAction>(server().post(path, {}, model::to_json(action)), "POST " + path);
}

}  // namespace torc::client
