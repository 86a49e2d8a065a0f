#pragma once

#include <string>
#include <vector>

#include "torc/client/api.hpp"
#include "torc/model/worker_file.hpp"
#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

// Which ssh workers an operation is about: those that a workflow has, or that a file lists.

namespace torc::app {

/// Those that a pattern matches, as a shell would: the host, or the whole address as it is stored; with '@' in front,
/// one of the worker's groups. All where there are no patterns.
/// @throws base::Error for a pattern that matches none
std::vector<remote::Worker> choose_workers(std::vector<remote::Worker> workers,
                                           const std::vector<std::string>& patterns);

/// A workflow's workers with their settings. One whose stored address is none is among them: ssh is never started for it,
/// and each operation says why.
std::vector<remote::Worker> make_workers(const std::vector<model::RemoteWorker>& stored);

remote::WorkflowRef workflow_ref(client::Api& api, model::Id workflow_id);

/// The workers of a worker file but those that a pattern matches.
/// @throws base::Error with "Error parsing worker file: ..."'s second half
std::vector<model::WorkerEntry> read_worker_file(const std::string& path, const std::vector<std::string>& exclude);

/// Refuses names of one list that differ in case or a final dot only, if ssh connects to the same host and port for both
/// (`ssh -G`), or cannot be asked.
/// @throws base::Error "Duplicate host ..."
void refuse_same_hosts(const std::vector<model::WorkerEntry>& entries, const remote::SshOptions& ssh);

/// A worker of a file as the server is to keep it.
model::RemoteWorker stored_form(const model::WorkerEntry& entry);

/// Whether the server keeps addresses only, and there is more to keep.
bool loses_settings(client::Api& api, const std::vector<model::WorkerEntry>& entries);

}  // namespace torc::app
