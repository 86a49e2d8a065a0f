#pragma once

#include <cstdint>
#include <string>

#include "torc/client/api.hpp"

namespace torc::cli {

/// Makes a job ready again that was claimed or runs by one who is gone.
/// @returns false where it is no longer so: somebody was faster
/// @throws base::ApiError
bool give_back_job(client::Api& api, const model::Job& job, std::int64_t run_id);

/// Tells the server that a worker's runner is gone without a word: its unfinished jobs become ready again, its compute
/// nodes inactive. Only for a worker that is known to be dead.
///
/// @param worker  The address as stored: "alice@ws3:2222"
/// @returns how many jobs were given back
/// @throws base::ApiError
std::int64_t give_back_jobs(client::Api& api, model::Id workflow_id, const std::string& worker);

}  // namespace torc::cli
