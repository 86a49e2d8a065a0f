#include "server/handlers.hpp"
#include "server/resources/crud.hpp"

namespace torc::server::scheduled_compute_nodes {

using model::ScheduledComputeNode;

Response list(const Request& request, store::Connection& connection) {
  auto filter = workflow_filter(request, connection);
  filter_int(filter, request, "scheduler_id");
  filter_int(filter, request, "scheduler_config_id");
  filter_text(filter, request, "status");
  return answer(store::list<ScheduledComputeNode>(connection, filter, request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  auto node = request.read<ScheduledComputeNode>();
  store::require_workflow(connection, node.workflow_id);
  node.id = store::insert(connection, node);
  if (connection.changes().wanted()) {
    store::notify(connection, node.workflow_id, "scheduler_node_created", store::Severity::info, model::to_json(node));
  }
  return answer(node);
}

Response get(const Request& request, store::Connection& connection) {
  return get_record<ScheduledComputeNode>(request, connection);
}

Response update(const Request& request, store::Connection& connection) {
  return update_record<ScheduledComputeNode>(request, connection);
}

Response remove(const Request& request, store::Connection& connection) {
  return remove_record<ScheduledComputeNode>(request, connection);
}

Response remove_all(const Request& request, store::Connection& connection) {
  return remove_records<ScheduledComputeNode>(request, connection);
}

}  // namespace torc::server::scheduled_compute_nodes
