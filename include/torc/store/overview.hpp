#pragma once

// A workflow in numbers, without its jobs.

#include <cstdint>
#include <map>
#include <optional>

#include "torc/model/summary.hpp"
#include "torc/store/records.hpp"

namespace torc::store {

/// The total resources that the ready jobs require.
/// @param scheduler  If set, count only jobs with this scheduler.
/// @throws Refused not_found
model::ReadyJobRequirements ready_job_requirements(Connection& connection, Id workflow_id, std::optional<Id> scheduler);

/// The progress of a workflow.
struct Summary {
  model::WorkflowStatus status{};
  bool is_complete{false};
  std::map<model::JobStatus, std::int64_t> jobs{};  ///< Contains every status, even if no job has it.
  std::int64_t active_compute_nodes{0};
  std::int64_t pending_scheduled_nodes{0};
  std::int64_t active_scheduled_nodes{0};
  double exec_time_minutes{0};  ///< Total of the results that listings show by default.
  /// The first start and the last end of these results, in seconds since 1970.
  std::optional<double> first_start{};
  std::optional<double> last_end{};
};

/// @throws Refused not_found
Summary summarize(Connection& connection, Id workflow_id);

}  // namespace torc::store
