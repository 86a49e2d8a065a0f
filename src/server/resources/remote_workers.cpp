#include <fmt/format.h>

#include "server/errors.hpp"
#include "server/handlers.hpp"
#include "torc/base/strings.hpp"
#include "torc/store/workflows.hpp"

namespace torc::server::remote_workers {

Response list(const Request& request, store::Connection& connection) {
  return answer(store::remote_workers(connection, request.id()));
}

Response create(const Request& request, store::Connection& connection) {
  const Id workflow_id = request.id();
  const auto workers = model::detail::read_value<std::vector<std::string>>("body", request.json());
  std::vector<model::RemoteWorker> given;
  for (const auto& worker : workers) {
    if (base::trim(worker).empty()) {
      throw RequestError(422, "a worker's address is empty: give [user@]host[:port]", {{"field", "worker"}});
    }
    given.push_back({.worker = worker, .workflow_id = workflow_id});
  }
  store::add_remote_workers(connection, workflow_id, workers);
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
