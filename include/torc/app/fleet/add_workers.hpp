#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/app/fleet/fleet.hpp"
#include "torc/model/worker_file.hpp"

namespace torc::app {

class Reporter;

struct AddRequest {
  model::Id workflow_id{0};
  std::vector<model::WorkerEntry> workers{};
  bool keep_settings{false};  ///< They are from a worker file, which has the say about settings.
  bool skip_ssh_check{false};
};

/// Adds the workers to a workflow that ssh reaches.
/// @returns for each worker nothing, or why ssh does not reach it
/// @throws base::ApiError
Outcomes<std::optional<std::string>> add_workers(client::Api& api, const AddRequest& request,
                                                 const remote::SshOptions& ssh, Reporter& reporter,
                                                 const std::stop_token& stop);

/// Warns if the server does not keep what the worker file says beside the addresses. @param consequence  Added to it.
void warn_of_lost_settings(client::Api& api, const std::vector<model::WorkerEntry>& entries, const char* consequence,
                           Reporter& reporter);

}  // namespace torc::app
