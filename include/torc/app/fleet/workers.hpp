#pragma once

#include <string>
#include <vector>

#include "torc/client/api.hpp"
#include "torc/model/worker_file.hpp"
#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

// Selects the ssh workers of an operation, from a workflow or a worker file.

namespace torc::app {

/// Returns the workers that match a shell pattern: by host, by stored address, or by group if the pattern begins with
/// '@'. Without patterns, returns all.
/// @throws base::Error if a pattern matches no worker
std::vector<remote::Worker> choose_workers(std::vector<remote::Worker> workers,
                                           const std::vector<std::string>& patterns);

/// The workers of a workflow with their settings. Workers with an invalid stored address are included: ssh is never
/// started for them, and each operation reports the reason.
std::vector<remote::Worker> make_workers(const std::vector<model::RemoteWorker>& stored);

remote::WorkflowRef workflow_ref(client::Api& api, model::Id workflow_id);

/// The workers of a worker file, except those that match a pattern.
/// @throws base::Error with the reason, without "Error parsing worker file: "
std::vector<model::WorkerEntry> read_worker_file(const std::string& path, const std::vector<std::string>& exclude);

/// Rejects two names that differ only in case or a final dot, if ssh connects to the same host and port for both
/// (`ssh -G`) or cannot be run.
/// @throws base::Error "Duplicate host ..."
void refuse_same_hosts(const std::vector<model::WorkerEntry>& entries, const remote::SshOptions& ssh);

/// A worker of a file in the form that the server stores.
model::RemoteWorker stored_form(const model::WorkerEntry& entry);

/// Whether the entries have settings that the server does not store.
bool loses_settings(client::Api& api, const std::vector<model::WorkerEntry>& entries);

}  // namespace torc::app
