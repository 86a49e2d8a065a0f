#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "torc/client/api.hpp"
#include "torc/workflow_file/workflow_description.hpp"

namespace torc::app {

struct CreateOptions {
  std::string user;                ///< Where the file names none.
  bool resource_monitoring{true};  ///< False: --no-resource-monitoring
  std::stop_token stop{};          ///< Asked between two requests.
};

/// Makes a workflow with all that belongs to it on the server.
///
/// Nothing half done: when a step fails (or the program is told to stop), what was made is deleted again, and the error
/// says so where even that failed.
/// @returns the new workflow's id
/// @throws base::Error
model::Id create_workflow(client::Api& api, const workflow_file::WorkflowDescription& description,
                          const CreateOptions& options);

/// What has to be there before a workflow starts, as seen from this machine and the current directory.
struct Readiness {
  std::vector<model::File> missing_input_files{};    ///< No job writes them, and they do not exist.
  std::vector<std::string> missing_user_data{};      ///< Names: no job writes it, and it is empty.
  std::vector<model::File> existing_output_files{};  ///< A job will write over them.

  bool ok() const { return missing_input_files.empty() && missing_user_data.empty(); }
};

/// @param with_outputs  Whether to look for output files, too; that takes a listing of all jobs.
Readiness check_readiness(client::Api& api, model::Id workflow_id, bool with_outputs);

/// The error of a workflow that is not ready: what is missing, and the way out.
/// @throws base::Error unless `readiness.ok()`
void require_ready(model::Id workflow_id, const Readiness& readiness);

/// Begins the workflow's next run: raises the run id, then makes its jobs ready or blocked.
/// @param only_uninitialized  Leave alone those that are past that.
void start_next_run(client::Api& api, model::Id workflow_id, bool only_uninitialized);

/// Initialises the workflow if it is `create`d only, after a check that what it needs is there. A workflow that is
/// initialised already is left alone.
/// @param skip_checks  Do not look for its input files.
/// @returns whether it initialised
/// @throws base::Error where something is missing
bool initialize_if_new(client::Api& api, model::Id workflow_id, bool skip_checks = false);

}  // namespace torc::app
