#pragma once

#include <string>
#include <vector>

#include "torc/model/models.hpp"
#include "torc/model/worker_file.hpp"

namespace torc::remote {

/// One ssh worker of a workflow.
struct Worker {
  model::WorkerAddress address{};
  std::string stored{};  ///< The address as stored on the server, which is also passed to the runner.
  std::string name{};    ///< Name in messages.
  std::string key{};     ///< Worker key: part of the names of the worker's files and state directory.
  model::WorkerSettings settings{};
};

/// Makes the workers of a workflow, with names and keys that are unique within the list. If another program has stored
/// an invalid address, it becomes the worker's host, and SshTransport and ssh_command refuse to connect to it.
std::vector<Worker> make_workers(const std::vector<std::string>& addresses);

/// Identifies a workflow and its server; used in the names of state directories on workers.
struct WorkflowRef {
  std::string server_id{};
  model::Id workflow_id{0};
};

/// Rejects an output directory on a worker that the scripts cannot handle (empty, or with a control character in its
/// name) or that is not for output alone: `/`, the home directory itself, `.`, `..`.
/// @throws base::UsageError
void check_remote_directory(const std::string& directory);

}  // namespace torc::remote
