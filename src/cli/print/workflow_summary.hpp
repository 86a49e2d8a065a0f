#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "torc/client/api.hpp"

namespace torc::cli {

/// The state of a workflow.
struct WorkflowSummary {
  model::Workflow workflow{};
  model::Completion completion{};
  std::map<model::JobStatus, std::int64_t> jobs{};  ///< Every status, including those without jobs.
  std::int64_t total_jobs{0};
  std::int64_t active_compute_nodes{0};
  std::int64_t pending_scheduled_nodes{0};
  std::int64_t active_scheduled_nodes{0};
  double exec_time_minutes{0};  ///< Total of all jobs of the latest run.
  /// From the start of the first job to the end of the last one; std::nullopt if no job has ended.
  std::optional<std::chrono::milliseconds> walltime{};
};

/// Queries the server.
/// @throws base::ApiError
WorkflowSummary summarize_workflow(client::Api& api, model::Id id);

/// The document of `torc -f json status`.
nlohmann::json summary_json(const WorkflowSummary& summary);

}  // namespace torc::cli
