#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "torc/client/api.hpp"

namespace torc::app {

/// Makes a job ready again that was claimed or runs by one who is gone.
/// @returns false where it is no longer so: somebody was faster
/// @throws base::ApiError
bool give_back_job(client::Api& api, const model::Job& job, std::int64_t run_id);

/// What the server takes for a worker's living runners.
/// @param worker  The address as stored: "alice@ws3:2222"
/// @throws base::ApiError
std::vector<model::ComputeNode> active_nodes_of(client::Api& api, model::Id workflow_id, const std::string& worker);

/// Tells the server that runners are gone without a word: their unfinished jobs become ready again, their compute nodes
/// inactive. Only for nodes that are known to be dead.
/// @returns how many jobs were given back
/// @throws base::ApiError
std::int64_t give_back_jobs(client::Api& api, model::Id workflow_id, std::vector<model::ComputeNode> nodes);

}  // namespace torc::app
