#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "torc/client/api.hpp"

namespace torc::cli {

/// The report of `results list --include-logs`: each result with the files of its job and runner.
/// @param output_directory  The output directory of the runners.
nlohmann::json results_with_logs(client::Api& api, const model::Workflow& workflow,
                                 const std::vector<model::Result>& results, bool all_runs,
                                 const std::string& output_directory);

}  // namespace torc::cli
