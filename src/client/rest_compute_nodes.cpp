#include <fmt/format.h>

#include "client/rest_api.hpp"
#include "torc/base/error.hpp"

namespace torc::client {

model::ComputeNode RestApi::create_compute_node(const model::ComputeNode& node) {
  return model_from<model::ComputeNode>(server().post("/compute_nodes", {}, model::to_json(node)),
                                        "POST /compute_nodes");
}

model::ComputeNode RestApi::get_compute_node(model::Id id) {
  const std::string path = fmt::format("/compute_nodes/{}", id);
  return model_from<model::ComputeNode>(server().get(path), "GET " + path);
}

model::ComputeNode RestApi::update_compute_node(model::Id id, const model::ComputeNode& node) {
  const std::string path = fmt::format("/compute_nodes/{}", id);
  return model_from<model::ComputeNode>(server().put(path, model::to_json(node)), "PUT " + path);
}

model::Heartbeat RestApi::send_heartbeat(model::Id compute_node_id) {
  const std::string path = fmt::format("/compute_nodes/{}/heartbeat", compute_node_id);
  return model_from<model::Heartbeat>(server().post(path), "POST " + path);
}

model::Page<model::ComputeNode> RestApi::list_compute_nodes(model::Id workflow_id, const ComputeNodeFilter& filter) {
  Query query;
  query.add("workflow_id", workflow_id)
      .add("is_active", filter.is_active)
      .add("hostname", filter.hostname)
      .add("scheduled_compute_node_id", filter.scheduled_compute_node_id);
  return server().list<model::ComputeNode>("/compute_nodes", query, filter.paging);
}

std::int64_t RestApi::count_scheduled_compute_nodes(model::Id workflow_id, const std::string& status) {
  constexpr const char* k_path = "/scheduled_compute_nodes";
  Query query;
  query.add("workflow_id", workflow_id).add("limit", std::int64_t{1}).add("status", status);
  try {
    return int_at(server().get(k_path, query), "total_count", fmt::format("GET {}", k_path));
  } catch (const base::ApiError& error) {
    if (error.status() == 404 || error.status() == 405 || error.status() == 501) {
      return 0;
    }
    throw;
  }
}

}  // namespace torc::client
