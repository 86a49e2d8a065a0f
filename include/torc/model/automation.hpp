#pragma once

// What happens by itself: after failures, and when a workflow or its jobs get somewhere.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "torc/model/models.hpp"

namespace torc::model {

/// When a failed job is run again.
struct FailureHandler {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  Id workflow_id{0};
  std::string name;
  std::string rules;  ///< JSON text

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("name", self.name);
    visitor("rules", self.rules);
  }
};

/// What a runner does once its trigger has fired.
struct WorkflowAction {
  static constexpr bool k_model = true;

  std::optional<Id> id;
  Id workflow_id{0};
  std::string trigger_type;  ///< on_workflow_start, on_jobs_ready, ...
  std::string action_type;   ///< run_commands, schedule_nodes
  nlohmann::json action_config;
  std::optional<std::vector<Id>> job_ids;  ///< For triggers of jobs.
  std::optional<std::int64_t> trigger_count;
  std::optional<std::int64_t> required_triggers;  ///< Fires when as many have come.
  std::optional<bool> executed;
  std::optional<std::string> executed_at;
  std::optional<Id> executed_by;   ///< A compute node.
  std::optional<bool> persistent;  ///< Every runner claims it, not only the first.
  std::optional<bool> is_recovery;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("id", self.id);
    visitor("workflow_id", self.workflow_id);
    visitor("trigger_type", self.trigger_type);
    visitor("action_type", self.action_type);
    visitor("action_config", self.action_config);
    visitor("job_ids", self.job_ids);
    visitor("trigger_count", self.trigger_count);
    visitor("required_triggers", self.required_triggers);
    visitor("executed", self.executed);
    visitor("executed_at", self.executed_at);
    visitor("executed_by", self.executed_by);
    visitor("persistent", self.persistent);
    visitor("is_recovery", self.is_recovery);
  }
};

}  // namespace torc::model
