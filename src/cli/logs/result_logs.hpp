#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "torc/client/api.hpp"

namespace torc::cli {

/// The report of `results list --include-logs`: each result with the files that its job and runner wrote.
/// @param output_directory  Where the runners were told to write
nlohmann::json results_with_logs(client::Api& api, const model::Workflow& workflow,
                                 const std::vector<model::Result>& results, bool all_runs,
                                 const std::string& output_directory);

}  // namespace torc::cli
