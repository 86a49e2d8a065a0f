#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "torc/client/api.hpp"
#include "torc/workflow_file/workflow_description.hpp"

namespace torc::app {

struct CreateOptions {
  std::string user;                ///< If the file names no user.
  bool resource_monitoring{true};  ///< False: --no-resource-monitoring
  std::stop_token stop{};          ///< Checked between two requests.
};

/// Creates a workflow and everything in it on the server.
///
/// If a step fails or a stop is requested, the incomplete workflow is deleted; the error says so if that fails, too.
/// @returns the new workflow's id
/// @throws base::Error
model::Id create_workflow(client::Api& api, const workflow_file::WorkflowDescription& description,
                          const CreateOptions& options);

/// What a workflow needs before it starts, checked on this machine in the current directory.
struct Readiness {
  std::vector<model::File> missing_input_files{};    ///< Files that no job writes and that do not exist.
  std::vector<std::string> missing_user_data{};      ///< Names of records that no job writes and that are empty.
  std::vector<model::File> existing_output_files{};  ///< Files that a job will overwrite.

  bool ok() const { return missing_input_files.empty() && missing_user_data.empty(); }
};

/// @param with_outputs  Also check output files, which requires a list of all jobs.
Readiness check_readiness(client::Api& api, model::Id workflow_id, bool with_outputs);

/// Reports what is missing, and the remedy.
/// @throws base::Error unless `readiness.ok()`
void require_ready(model::Id workflow_id, const Readiness& readiness);

/// Starts the workflow's next run: raises the run ID, then makes its jobs ready or blocked.
/// @param only_uninitialized  Leave all other jobs unchanged.
void start_next_run(client::Api& api, model::Id workflow_id, bool only_uninitialized);

/// Initializes the workflow unless it is initialized already, after a check that its inputs exist.
/// @param skip_checks  Do not check its input files.
/// @returns whether it initialized the workflow
/// @throws base::Error if something is missing
bool initialize_if_new(client::Api& api, model::Id workflow_id, bool skip_checks = false);

}  // namespace torc::app
