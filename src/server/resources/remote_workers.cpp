#include <map>

#include <fmt/format.h>

#include "server/errors.hpp"
#include "server/handlers.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/worker_address.hpp"
#include "torc/store/workflows.hpp"

namespace torc::server::remote_workers {
namespace {

constexpr std::size_t k_max_settings_bytes = 16'384;

/// An address, or an addition to torc 0.23: an object with an address and settings.
model::RemoteWorker read_worker(const nlohmann::json& given, Id workflow_id) {
  model::RemoteWorker worker{.worker = {}, .workflow_id = workflow_id};
  if (given.is_object()) {
    worker.worker = model::detail::read_value<std::string>("worker", given.value("worker", nlohmann::json()));
    const auto settings = given.value("settings", nlohmann::json());
    if (!settings.is_null() && !settings.is_object()) {
      throw RequestError(422, "a worker's settings must be an object", {{"field", "settings"}});
    }
    if (model::dump_json(settings).size() > k_max_settings_bytes) {
      throw RequestError(422, fmt::format("a worker's settings must not exceed {} bytes", k_max_settings_bytes),
                         {{"field", "settings"}});
    }
    if (settings.is_object()) {
      worker.settings = settings;
    }
  } else {
    worker.worker = model::detail::read_value<std::string>("body", given);
  }
  // Clients ignore surrounding white space, too.
  worker.worker = base::trim(worker.worker);
  if (worker.worker.empty()) {
    throw RequestError(422, "a worker's address is empty; expected [user@]host[:port]", {{"field", "worker"}});
  }
  return worker;
}

model::WorkerAddress parse_address(const std::string& worker) {
  try {
    return model::WorkerAddress::parse(worker);
  } catch (const base::Error& error) {
    throw RequestError(422,
                       fmt::format("'{}' is not a valid worker address ([user@]host[:port]): {}",
                                   base::printable(worker), error.what()),
                       {{"field", "worker"}});
  }
}

/// The normalized address, which is the same for all its spellings.
std::string identity_of(model::WorkerAddress address) {
  address.host = model::host_identity(address.host);
  return model::to_string(address);
}

/// The stored workers by identity. Invalid addresses, which another program may have stored, are ignored.
std::map<std::string, std::string> by_identity(const std::vector<model::RemoteWorker>& stored) {
  std::map<std::string, std::string> workers;
  for (const auto& worker : stored) {
    try {
      workers.emplace(identity_of(model::WorkerAddress::parse(worker.worker)), worker.worker);
    } catch (const base::Error&) {
      continue;
    }
  }
  return workers;
}

/// Rejects two spellings of one host in a request, and an address that is stored in another spelling. Only the text is
/// compared, because the client's ssh configuration determines what a name refers to.
/// @throws RequestError 422
void refuse_duplicates(const std::vector<model::RemoteWorker>& given, const std::vector<model::RemoteWorker>& stored) {
  const auto known = by_identity(stored);
  std::map<std::string, std::string> hosts;
  for (const auto& worker : given) {
    const auto address = parse_address(worker.worker);
    const auto [first, is_new] = hosts.emplace(model::host_identity(address.host), worker.worker);
    if (!is_new && first->second != worker.worker) {
      throw RequestError(422,
                         fmt::format("workers '{}' and '{}' have the same host; add each host only once", first->second,
                                     worker.worker),
                         {{"field", "worker"}});
    }
    if (const auto same = known.find(identity_of(address)); same != known.end() && same->second != worker.worker) {
      throw RequestError(422, fmt::format("worker '{}' already exists as '{}'", worker.worker, same->second),
                         {{"field", "worker"}});
    }
  }
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
  refuse_duplicates(given, store::remote_workers(connection, workflow_id));
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
