#include <fmt/format.h>

#include "client/rest_api.hpp"

namespace torc::client {
namespace {

std::string workers_path(model::Id workflow_id) {
  return fmt::format("/workflows/{}/remote_workers", workflow_id);
}

}  // namespace

std::vector<model::RemoteWorker> RestApi::list_remote_workers(model::Id workflow_id) {
  const std::string path = workers_path(workflow_id);
  return models_from<model::RemoteWorker>(server().get(path), "GET " + path);
}

void RestApi::create_remote_workers(model::Id workflow_id, const std::vector<model::RemoteWorker>& workers) {
  auto body = nlohmann::json::array();
  for (const auto& worker : workers) {
    if (worker.settings && has_capability(model::Capability::worker_settings)) {
      body.push_back({{"worker", worker.worker}, {"settings", *worker.settings}});
    } else {
      body.push_back(worker.worker);
    }
  }
  server().post(workers_path(workflow_id), {}, body);
}

void RestApi::delete_remote_worker(model::Id workflow_id, const std::string& worker) {
  server().remove(workers_path(workflow_id) + "/" + net::url_encode(worker));
}

}  // namespace torc::client
