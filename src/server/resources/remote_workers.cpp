#include <fmt/format.h>

#include "server/errors.hpp"
#include "server/handlers.hpp"
#include "torc/base/strings.hpp"
#include "torc/store/workflows.hpp"

namespace torc::server::remote_workers {
namespace {

constexpr std::size_t k_most_of_settings = 16'384;

/// An address, or an own addition: an object with an address and settings.
model::RemoteWorker read_worker(const nlohmann::json& given, Id workflow_id) {
  model::RemoteWorker worker{.worker = {}, .workflow_id = workflow_id};
  if (given.is_object()) {
    worker.worker = model::detail::read_value<std::string>("worker", given.value("worker", nlohmann::json()));
    const auto settings = given.value("settings", nlohmann::json());
    if (!settings.is_null() && !settings.is_object()) {
      throw RequestError(422, "a worker's settings must be an object", {{"field", "settings"}});
    }
    if (model::dump_json(settings).size() > k_most_of_settings) {
      throw RequestError(422, fmt::format("a worker's settings take more than {} bytes", k_most_of_settings),
                         {{"field", "settings"}});
    }
    if (settings.is_object()) {
      worker.settings = settings;
    }
  } else {
    worker.worker = model::detail::read_value<std::string>("body", given);
  }
  if (base::trim(worker.worker).empty()) {
    throw RequestError(422, "a worker's address is empty: give [user@]host[:port]", {{"field", "worker"}});
  }
  return worker;
}

}  // namespace

Response list(const Request& request, store::Connection& connection) {
  return answer(store::remote_workers(connection, request.id()));
}

Response create(const Request& request, store::Connection& connection) {
  const Id workflow_id = request.id();
  const auto& body = request.json();
  if (!body.is_array()) {
    model::detail::throw_wrong_type("body", "an array", body);
  }
  std::vector<model::RemoteWorker> given;
  for (const auto& worker : body) {
    given.push_back(read_worker(worker, workflow_id));
  }
  store::add_remote_workers(connection, workflow_id, given);
  return answer(given);
}

Response remove(const Request& request, store::Connection& connection) {
  const model::RemoteWorker worker{.worker = request.path_text("worker"), .workflow_id = request.id()};
  if (!store::remove_remote_worker(connection, worker.workflow_id, worker.worker)) {
    throw RequestError(404, fmt::format("Worker '{}' not found for workflow {}", worker.worker, worker.workflow_id));
  }
  return answer(worker);
}

}  // namespace torc::server::remote_workers
