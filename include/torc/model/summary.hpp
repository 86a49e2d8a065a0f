#pragma once

#include "torc/model/models.hpp"

namespace torc::model {

/// Answer of /workflows/{id}/summary, an addition of this project: where a workflow stands.
struct Summary {
  static constexpr bool k_model = true;

  Id workflow_id{0};
  std::int64_t run_id{0};
  bool is_canceled{false};
  bool is_complete{false};
  std::int64_t total_jobs{0};
  nlohmann::json jobs;  ///< A count for each state.
  std::int64_t active_compute_nodes{0};
  std::int64_t pending_scheduled_nodes{0};
  std::int64_t active_scheduled_nodes{0};
  double exec_time_minutes{0};
  std::optional<std::string> first_start;
  std::optional<std::string> last_end;
  std::optional<double> walltime_seconds;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("workflow_id", self.workflow_id);
    visitor("run_id", self.run_id);
    visitor("is_canceled", self.is_canceled);
    visitor("is_complete", self.is_complete);
    visitor("total_jobs", self.total_jobs);
    visitor("jobs", self.jobs);
    visitor("active_compute_nodes", self.active_compute_nodes);
    visitor("pending_scheduled_nodes", self.pending_scheduled_nodes);
    visitor("active_scheduled_nodes", self.active_scheduled_nodes);
    visitor("exec_time_minutes", self.exec_time_minutes);
    visitor("first_start", self.first_start);
    visitor("last_end", self.last_end);
    visitor("walltime_seconds", self.walltime_seconds);
  }
};

}  // namespace torc::model
