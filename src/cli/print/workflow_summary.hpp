#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "torc/client/api.hpp"

namespace torc::cli {

/// Where a workflow stands.
struct WorkflowSummary {
  model::Workflow workflow{};
  model::Completion completion{};
  std::map<model::JobStatus, std::int64_t> jobs{};  ///< Every state, those with no job too.
  std::int64_t total_jobs{0};
  std::int64_t active_compute_nodes{0};
  std::int64_t pending_scheduled_nodes{0};
  std::int64_t active_scheduled_nodes{0};
  double exec_time_minutes{0};  ///< Of all jobs of the latest run together.
  /// From the first job's start to the last one's end; nothing where no job has ended.
  std::optional<std::chrono::milliseconds> walltime{};
};

/// Asks the server for it.
/// @throws base::ApiError
WorkflowSummary summarize_workflow(client::Api& api, model::Id id);

/// The document of `torc -f json status`.
nlohmann::json summary_json(const WorkflowSummary& summary);

}  // namespace torc::cli
