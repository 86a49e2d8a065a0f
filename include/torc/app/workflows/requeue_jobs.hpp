#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "torc/app/workflows/orphaned_jobs.hpp"
#include "torc/client/api.hpp"

namespace torc::app {

/// Requeues a job whose runner is gone.
/// @returns false if the job is no longer claimed or running
/// @throws base::ApiError
bool requeue_job(client::Api& api, const model::Job& job, std::int64_t run_id);

/// Requeues these jobs, and deactivates the compute nodes of runners that died.
/// @returns for each of `orphans.jobs` whether it was requeued; another runner may have claimed it meanwhile
/// @throws base::ApiError
std::vector<bool> requeue_orphans(client::Api& api, model::Id workflow_id, const Orphans& orphans);

/// The compute nodes of a worker that the server considers active.
/// @param worker  The address as stored: "alice@ws3:2222"
/// @throws base::ApiError
std::vector<model::ComputeNode> active_nodes_of(client::Api& api, model::Id workflow_id, const std::string& worker);

/// Requeues the unfinished jobs of runners that died, and deactivates their compute nodes. Call it only for runners that
/// are known to be dead.
/// @returns the number of requeued jobs
/// @throws base::ApiError
std::int64_t requeue_jobs(client::Api& api, model::Id workflow_id, std::vector<model::ComputeNode> nodes);

}  // namespace torc::app
