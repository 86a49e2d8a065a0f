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
  std::optional<Id> id;
  Id workflow_id{0};
  std::string name;
  std::string rules;  ///< JSON text

  TORC_FIELDS(id, workflow_id, name, rules);
};

/// What a runner does once its trigger has fired.
struct WorkflowAction {
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

  TORC_FIELDS(id, workflow_id, trigger_type, action_type, action_config, job_ids, trigger_count, required_triggers,
              executed, executed_at, executed_by, persistent, is_recovery);
};

}  // namespace torc::model
