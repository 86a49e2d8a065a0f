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
  bool keep_settings{false};  ///< They are from a worker file, whose settings replace the stored ones.
  bool skip_ssh_check{false};
};

/// Adds the workers that ssh reaches to a workflow.
/// @returns for each worker why ssh does not reach it, or std::nullopt
/// @throws base::ApiError
Outcomes<std::optional<std::string>> add_workers(client::Api& api, const AddRequest& request,
                                                 const remote::SshOptions& ssh, Reporter& reporter,
                                                 const std::stop_token& stop);

/// Warns if the server does not store the settings of the worker file. @param consequence  Added to the warning.
void warn_of_lost_settings(client::Api& api, const std::vector<model::WorkerEntry>& entries, const char* consequence,
                           Reporter& reporter);

}  // namespace torc::app
