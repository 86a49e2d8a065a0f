#include "torc/store/compute_nodes.hpp"

#include "server/handlers.hpp"
#include "server/resources/crud.hpp"

namespace torc::server::compute_nodes {

using model::ComputeNode;

Response list(const Request& request, store::Connection& connection) {
  auto filter = workflow_filter(request, connection);
  filter_text(filter, request, "hostname");
  filter_bool(filter, request, "is_active");
  if (const auto id = request.query_int("scheduled_compute_node_id")) {
    filter.where("json_extract(scheduler, '$.scheduler_id') = ?", *id);
  }
  return answer(store::list<ComputeNode>(connection, filter, request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  return answer(store::create_compute_node(connection, request.read<ComputeNode>()));
}

Response get(const Request& request, store::Connection& connection) {
  return get_record<ComputeNode>(request, connection);
}

Response update(const Request& request, store::Connection& connection) {
  return answer(store::update_compute_node(connection, request.id(), request.read<ComputeNode>()));
}

Response heartbeat(const Request& request, store::Connection& connection) {
  auto heartbeat = store::record_heartbeat(connection, request.id());
  if (request.worker_timeout.count() > 0) {
    heartbeat.timeout_seconds = std::chrono::duration<double>(request.worker_timeout).count();
  }
  return answer(heartbeat);
}

Response remove(const Request& request, store::Connection& connection) {
  return remove_record<ComputeNode>(request, connection);
}

Response remove_all(const Request& request, store::Connection& connection) {
  return remove_records<ComputeNode>(request, connection);
}

}  // namespace torc::server::compute_nodes
