#pragma once

// A workflow in figures, without its jobs.

#include <cstdint>
#include <map>
#include <optional>

#include "torc/model/summary.hpp"
#include "torc/store/records.hpp"

namespace torc::store {

/// What the ready jobs ask for together.
/// @param scheduler  Only jobs that name this one.
/// @throws Refused not_found
model::ReadyJobRequirements ready_job_requirements(Connection& connection, Id workflow_id, std::optional<Id> scheduler);

/// Where a workflow stands.
struct Summary {
  model::WorkflowStatus status{};
  bool is_complete{false};
  std::map<model::JobStatus, std::int64_t> jobs{};  ///< Every state, those with no job too.
  std::int64_t active_compute_nodes{0};
  std::int64_t pending_scheduled_nodes{0};
  std::int64_t active_scheduled_nodes{0};
  double exec_time_minutes{0};  ///< Of the results that listings show, together.
  /// Of the same results, in seconds since 1970: the first start and the last end.
  std::optional<double> first_start{};
  std::optional<double> last_end{};
};

/// @throws Refused not_found
Summary summarize(Connection& connection, Id workflow_id);

}  // namespace torc::store
