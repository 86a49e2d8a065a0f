#pragma once

// Rules that the server and runners apply on their own: retries after failures, and actions at certain points of a
// workflow.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "torc/model/models.hpp"

namespace torc::model {

/// Defines when a failed job is retried.
struct FailureHandler {
  std::optional<Id> id;
  Id workflow_id{0};
  std::string name;
  std::string rules;  ///< JSON text

  TORC_FIELDS(id, workflow_id, name, rules);
};

/// What a runner does when the action's trigger fires.
struct WorkflowAction {
  std::optional<Id> id;
  Id workflow_id{0};
  std::string trigger_type;  ///< on_workflow_start, on_jobs_ready, ...
  std::string action_type;   ///< run_commands, schedule_nodes
  nlohmann::json action_config;
  std::optional<std::vector<Id>> job_ids;  ///< For triggers that refer to jobs.
  std::optional<std::int64_t> trigger_count;
  std::optional<std::int64_t> required_triggers;  ///< The action fires when `trigger_count` reaches this number.
  std::optional<bool> executed;
  std::optional<std::string> executed_at;
  std::optional<Id> executed_by;   ///< A compute node.
  std::optional<bool> persistent;  ///< Every runner executes it, not only the first that claims it.
  std::optional<bool> is_recovery;

  TORC_FIELDS(id, workflow_id, trigger_type, action_type, action_config, job_ids, trigger_count, required_triggers,
              executed, executed_at, executed_by, persistent, is_recovery);
};

}  // namespace torc::model
