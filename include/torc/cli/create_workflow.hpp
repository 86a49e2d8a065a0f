#pragma once

#include "torc/client/api.hpp"
#include "torc/spec/workflow_spec.hpp"

namespace torc::cli {

struct CreateOptions {
  std::string user;                    ///< Where the file names none.
  bool resource_monitoring{true};      ///< False: --no-resource-monitoring
};

/// Makes a workflow with all that belongs to it on the server.
///
/// Nothing half done: when a step fails (or the program is told to stop), what was made is deleted again, and the error
/// says so where even that failed.
/// @returns the new workflow's id
/// @throws base::Error
model::Id create_workflow(client::Api& api, const spec::WorkflowSpec& spec, const CreateOptions& options);

/// Initialises the workflow if it is `create`d only: raises the run id, then makes its jobs ready or blocked. Checks
/// before that required input files exist. A workflow that is initialised already is left alone.
/// @returns whether it initialised
bool initialize_if_new(client::Api& api, model::Id workflow_id);

}  // namespace torc::cli
