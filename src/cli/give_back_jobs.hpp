#pragma once

#include <cstdint>
#include <string>

#include "torc/client/api.hpp"

namespace torc::cli {

/// Tells the server that a worker's runner is gone without a word: its unfinished jobs become ready again, its compute
/// nodes inactive. Only for a worker that is known to be dead.
///
/// @param worker  The address as stored: "alice@ws3:2222"
/// @returns how many jobs were given back
/// @throws base::ApiError
std::int64_t give_back_jobs(client::Api& api, model::Id workflow_id, const std::string& worker);

}  // namespace torc::cli
