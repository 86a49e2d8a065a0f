#include "torc/store/actions.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "store/jobs/transitions.hpp"
#include "store/query.hpp"
#include "store/records/references.hpp"
#include "store/sql.hpp"
#include "torc/base/units.hpp"
#include "torc/store/compute_nodes.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

using model::WorkflowAction;

constexpr std::array<std::string_view, 6> k_triggers{"on_workflow_start", "on_workflow_complete", "on_jobs_ready",
                                                     "on_jobs_complete",  "on_worker_start",      "on_worker_complete"};

[[noreturn]] void refuse(const std::string& message) {
  throw Refused(Refused::Reason::unprocessable, message);
}

bool is_of_jobs(const WorkflowAction& action) {
  return action.trigger_type == "on_jobs_ready" || action.trigger_type == "on_jobs_complete";
}

void check_commands(const nlohmann::json& config) {
  for (const auto& [key, value] : config.items()) {
    if (key != "commands") {
      refuse("Invalid action_config: For action_type 'run_commands', only 'commands' field is allowed");
    }
  }
  const auto commands = config.find("commands");
  if (commands == config.end() || !commands->is_array() ||
      !std::all_of(commands->begin(), commands->end(), [](const auto& command) { return command.is_string(); })) {
    refuse("Invalid action_config: 'commands' must be a list of strings");
  }
}

void check(const WorkflowAction& action) {
  if (std::find(k_triggers.begin(), k_triggers.end(), action.trigger_type) == k_triggers.end()) {
    refuse(fmt::format("trigger_type: '{}' is not one of {}", action.trigger_type, fmt::join(k_triggers, ", ")));
  }
  if (!action.action_config.is_object()) {
    refuse("Invalid action_config: must be an object");
  }
  if (action.action_type == "run_commands") {
    check_commands(action.action_config);
  } else if (action.action_type != "schedule_nodes") {
    refuse(fmt::format("action_type: '{}' is neither run_commands nor schedule_nodes", action.action_type));
  }
}

void link_jobs(Connection& connection, Id workflow_id, Id action_id, const std::vector<Id>& jobs) {
  for (const Id job_id : jobs) {
    if (value<Id>(connection, "SELECT workflow_id FROM jobs WHERE id = ?", job_id) != workflow_id) {
      refuse(fmt::format("job_ids: job {} does not belong to workflow {}", job_id, workflow_id));
    }
    execute(connection, "INSERT OR IGNORE INTO workflow_action_jobs (action_id, job_id) VALUES (?, ?)", action_id,
            job_id);
  }
}

std::int64_t jobs_there(Connection& connection, const WorkflowAction& action) {
  // Also counts jobs that are already past ready.
  const auto sql = action.trigger_type == "on_jobs_ready"
                       ? "SELECT COUNT(*) FROM workflow_action_jobs a JOIN jobs j ON j.id = a.job_id "
                         "WHERE a.action_id = ? AND j.status NOT IN ({uninitialized}, {blocked})"_sql
                       : "SELECT COUNT(*) FROM workflow_action_jobs a JOIN jobs j ON j.id = a.job_id "
                         "WHERE a.action_id = ? AND j.status IN {final}"_sql;
  return value<std::int64_t>(connection, sql, *action.id).value_or(0);
}

bool all_jobs_have_ended(Connection& connection, Id workflow_id) {
  return value<int>(connection, "SELECT 1 FROM jobs WHERE workflow_id = ? LIMIT 1", workflow_id) &&
         !has_unfinished_jobs(connection, workflow_id);
}

/// Initializes the counts from the jobs, so that later status changes only have to update them.
void count_triggers(Connection& connection, WorkflowAction& action) {
  if (is_of_jobs(action)) {
    auto jobs = column<Id>(connection, "SELECT job_id FROM workflow_action_jobs WHERE action_id = ? ORDER BY job_id",
                           *action.id);
    action.required_triggers = std::max<std::int64_t>(1, static_cast<std::int64_t>(jobs.size()));
    action.trigger_count = jobs_there(connection, action);
    action.job_ids = std::move(jobs);
  } else if (action.trigger_type == "on_workflow_complete") {
    action.trigger_count = all_jobs_have_ended(connection, action.workflow_id) ? 1 : 0;
  }
}

}  // namespace

WorkflowAction create_action(Connection& connection, Id workflow_id, WorkflowAction action) {
  require_workflow(connection, workflow_id);
  check(action);
  action.workflow_id = workflow_id;
  // The caller cannot set the count.
  action.trigger_count.reset();
  action.required_triggers.reset();
  action.executed.reset();
  action.executed_at.reset();
  action.executed_by.reset();
  const Id id = insert(connection, action);
  link_jobs(connection, workflow_id, id, action.job_ids.value_or(std::vector<Id>{}));
  auto made = get<WorkflowAction>(connection, id);
  count_triggers(connection, made);
  return made;
}

std::vector<WorkflowAction> actions(Connection& connection, Id workflow_id) {
  require_workflow(connection, workflow_id);
  Filter filter;
  filter.equals("workflow_id", workflow_id);
  auto found = list<WorkflowAction>(connection, filter, {}).items;
  for (auto& action : found) {
    count_triggers(connection, action);
  }
  return found;
}

std::vector<WorkflowAction> pending_actions(Connection& connection, Id workflow_id,
                                            const std::vector<std::string>& triggers) {
  require_workflow(connection, workflow_id);
  Filter filter;
  filter.equals("workflow_id", workflow_id).where("(executed = 0 OR persistent = 1)");
  std::vector<WorkflowAction> pending;
  for (auto& action : list<WorkflowAction>(connection, filter, {}).items) {
    if (!triggers.empty() && std::find(triggers.begin(), triggers.end(), action.trigger_type) == triggers.end()) {
      continue;
    }
    count_triggers(connection, action);
    if (*action.trigger_count >= *action.required_triggers) {
      pending.push_back(std::move(action));
    }
  }
  return pending;
}

bool claim_action(Connection& connection, Id workflow_id, Id action_id, std::optional<Id> compute_node_id) {
  if (compute_node_id) {
    require_same_workflow(connection, Referred::compute_node, *compute_node_id, workflow_id);
    record_sign_of_life(connection, workflow_id, *compute_node_id);
  }
  const auto action = find<WorkflowAction>(connection, action_id);
  if (!action || action->workflow_id != workflow_id) {
    throw Refused(Refused::Reason::not_found, fmt::format("Action not found with ID: {}", action_id));
  }
  if (*action->persistent) {
    return true;
  }
  return execute(
             connection,
             "UPDATE workflow_actions SET executed = 1, executed_at = ?, executed_by = ? WHERE id = ? AND executed = 0",
             base::timestamp_now(), compute_node_id, action_id) != 0;
}

void rearm_actions(Connection& connection, Id workflow_id) {
  execute(connection,
          "UPDATE workflow_actions SET executed = 0, executed_at = NULL, executed_by = NULL, "
          "trigger_count = trigger_type IN ('on_workflow_start', 'on_worker_start', 'on_worker_complete') "
          "WHERE workflow_id = ?",
          workflow_id);
}

}  // namespace torc::store
