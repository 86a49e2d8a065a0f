#include "store/query.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {

void add_remote_workers(Connection& connection, Id workflow_id, const std::vector<model::RemoteWorker>& workers) {
  require_workflow(connection, workflow_id);
  for (const auto& worker : workers) {
    execute(connection, "INSERT OR IGNORE INTO remote_workers (workflow_id, worker) VALUES (?, ?)", workflow_id,
            worker.worker);
    if (worker.settings) {
      execute(connection, "UPDATE remote_workers SET settings = ? WHERE workflow_id = ? AND worker = ?",
              worker.settings->empty() ? std::optional<std::string>() : model::dump_json(*worker.settings), workflow_id,
              worker.worker);
    }
  }
}

std::vector<model::RemoteWorker> remote_workers(Connection& connection, Id workflow_id) {
  require_workflow(connection, workflow_id);
  std::vector<model::RemoteWorker> result;
  Query rows = query(connection, "SELECT worker, settings FROM remote_workers WHERE workflow_id = ? ORDER BY worker",
                     workflow_id);
  while (rows.step()) {
    result.push_back({.worker = rows.get<std::string>(0), .workflow_id = workflow_id});
    if (const auto settings = rows.get<std::optional<std::string>>(1)) {
      result.back().settings = model::parse_json(*settings);
    }
  }
  return result;
}

bool remove_remote_worker(Connection& connection, Id workflow_id, const std::string& worker) {
  require_workflow(connection, workflow_id);
  return execute(connection, "DELETE FROM remote_workers WHERE workflow_id = ? AND worker = ?", workflow_id, worker) !=
         0;
}

}  // namespace torc::store
