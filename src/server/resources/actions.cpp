#include "torc/store/actions.hpp"

#include <fmt/format.h>

#include "server/errors.hpp"
#include "server/handlers.hpp"

namespace torc::server::actions {

Response list(const Request& request, store::Connection& connection) {
  return answer(store::actions(connection, request.id()));
}

Response create(const Request& request, store::Connection& connection) {
  const auto action = request.read<model::WorkflowAction>();
  if (action.workflow_id != request.id()) {
    throw RequestError(
        422, fmt::format("workflow_id is {} in the body but {} in the path", action.workflow_id, request.id()),
        {{"field", "workflow_id"}});
  }
  return answer(store::create_action(connection, request.id(), action));
}

Response pending(const Request& request, store::Connection& connection) {
  std::vector<std::string> triggers;
  for (const auto& [key, value] : request.query) {
    if (key == "trigger_type") {
      triggers.push_back(value);
    }
  }
  return answer(store::pending_actions(connection, request.id(), triggers));
}

Response claim(const Request& request, store::Connection& connection) {
  const Id action_id = request.id("action_id");
  std::optional<Id> compute_node_id;
  if (!request.body.empty()) {
    const auto& body = request.json();
    if (body.is_object() && body.contains("compute_node_id") && !body["compute_node_id"].is_null()) {
      compute_node_id = model::detail::read_int("compute_node_id", body["compute_node_id"]);
    }
  }
  if (!store::claim_action(connection, request.id(), action_id, compute_node_id)) {
    throw RequestError(409, fmt::format("Action {} already claimed", action_id),
                       {{"claimed", false}, {"success", false}});
  }
  // The interface description has "success", 0.23 sends "claimed". The command line of 0.23 accepts either one, but not
  // both.
  return answer(nlohmann::json{{"action_id", action_id}, {"success", true}});
}

}  // namespace torc::server::actions
