#pragma once

// A workflow in figures, without its jobs.

#include <cstdint>
#include <map>
#include <optional>

#include "torc/store/records.hpp"

namespace torc::store {

/// What the jobs that are ready ask for.
struct ReadyNeeds {
  static constexpr bool k_model = true;

  std::int64_t num_jobs{0};
  std::int64_t num_cpus{0};  ///< Of all of them together, as the next two.
  std::int64_t num_gpus{0};
  double memory_gb{0};
  std::int64_t max_num_nodes{0};  ///< The most that one of them asks for.
  std::string max_runtime;        ///< The longest; ISO 8601 duration

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("num_jobs", self.num_jobs);
    visitor("num_cpus", self.num_cpus);
    visitor("num_gpus", self.num_gpus);
    visitor("memory_gb", self.memory_gb);
    visitor("max_num_nodes", self.max_num_nodes);
    visitor("max_runtime", self.max_runtime);
  }
};

/// @param scheduler  Only jobs that name this one.
/// @throws Refused not_found
ReadyNeeds ready_needs(Connection& connection, Id workflow_id, std::optional<Id> scheduler);

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
