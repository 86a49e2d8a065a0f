#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "torc/model/models.hpp"

namespace torc::model {

/// Response of /workflows/{id}/summary, an addition to torc 0.23: the progress of a workflow.
struct Summary {
  Id workflow_id{0};
  std::int64_t run_id{0};
  bool is_canceled{false};
  bool is_complete{false};
  std::int64_t total_jobs{0};
  nlohmann::json jobs;  ///< The number of jobs per status.
  std::int64_t active_compute_nodes{0};
  std::int64_t pending_scheduled_nodes{0};
  std::int64_t active_scheduled_nodes{0};
  double exec_time_minutes{0};
  std::optional<std::string> first_start{};
  std::optional<std::string> last_end{};
  std::optional<double> walltime_seconds{};

  TORC_FIELDS(workflow_id, run_id, is_canceled, is_complete, total_jobs, jobs, active_compute_nodes,
              pending_scheduled_nodes, active_scheduled_nodes, exec_time_minutes, first_start, last_end,
              walltime_seconds);
};

/// Response of ready_job_requirements: the resources that the ready jobs require.
struct ReadyJobRequirements {
  std::int64_t num_jobs{0};
  std::int64_t num_cpus{0};  ///< Total of all ready jobs, like num_gpus and memory_gb.
  std::int64_t num_gpus{0};
  double memory_gb{0};
  std::int64_t max_num_nodes{0};  ///< The maximum that a single job requires.
  std::string max_runtime;        ///< The longest runtime of a single job, an ISO 8601 duration.

  TORC_FIELDS(num_jobs, num_cpus, num_gpus, memory_gb, max_num_nodes, max_runtime);
};

}  // namespace torc::model
