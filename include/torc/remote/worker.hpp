#pragma once

#include <string>
#include <vector>

#include "torc/model/models.hpp"
#include "torc/model/worker_file.hpp"

namespace torc::remote {

/// One ssh worker of a workflow.
struct Worker {
  model::WorkerAddress address{};
  std::string stored{};  ///< The address as it stands on the server; the runner is told this one.
  std::string name{};    ///< How it is shown.
  std::string key{};     ///< Names its files and its state directory.
  model::WorkerSettings settings{};
};

/// The workers of a workflow, names and keys chosen over the whole list. Another program may have stored what is no address:
/// such a worker has it as its host, with which SshTransport and ssh_command refuse to connect.
std::vector<Worker> make_workers(const std::vector<std::string>& addresses);

/// Which workflow of which server: names the state directories on workers.
struct WorkflowRef {
  std::string server_id{};
  model::Id workflow_id{0};
};

/// Refuses a directory on a worker that no script could handle (empty, or with a control character in its name) and one
/// that is not for output alone: `/`, the home directory itself, `.`, `..`.
/// @throws base::UsageError
void check_remote_directory(const std::string& directory);

}  // namespace torc::remote
