#include "torc/store/workflows.hpp"

#include <fmt/format.h>

#include "store/jobs/transitions.hpp"
#include "store/query.hpp"
#include "store/sql.hpp"
#include "torc/base/units.hpp"

namespace torc::store {

using model::JobStatus;

model::Workflow create_workflow(Connection& connection, model::Workflow workflow) {
  workflow.timestamp = base::timestamp_now();
  workflow.id = insert(connection, workflow);
  workflow.status_id = workflow.id;
  execute(connection, "INSERT INTO resource_requirements (workflow_id, name) VALUES (?, 'default')", *workflow.id);
  return workflow;
}

model::WorkflowStatus workflow_status(Connection& connection, Id workflow_id) {
  Query row =
      query(connection,
            "SELECT run_id, is_canceled, is_archived, has_detected_need_to_run_completion_script FROM workflows "
            "WHERE id = ?",
            workflow_id);
  if (!row.step()) {
    require_workflow(connection, workflow_id);
  }
  model::WorkflowStatus status;
  status.id = workflow_id;
  status.run_id = row.get<std::int64_t>(0);
  status.is_canceled = row.get<bool>(1);
  status.is_archived = row.get<bool>(2);
  status.has_detected_need_to_run_completion_script = row.get<bool>(3);
  return status;
}

void update_workflow_status(Connection& connection, Id workflow_id, const model::WorkflowStatus& status) {
  require_workflow(connection, workflow_id);
  execute(connection,
          "UPDATE workflows SET run_id = ?, is_canceled = ?, is_archived = COALESCE(?, is_archived), "
          "has_detected_need_to_run_completion_script = COALESCE(?, has_detected_need_to_run_completion_script) "
          "WHERE id = ?",
          status.run_id, status.is_canceled, status.is_archived, status.has_detected_need_to_run_completion_script,
          workflow_id);
  // The workflow may have been canceled, or resumed.
  connection.changes().ended.insert(workflow_id);
  connection.changes().claimable.insert(workflow_id);
}

model::Completion workflow_completion(Connection& connection, Id workflow_id) {
  const auto status = workflow_status(connection, workflow_id);
  const bool unfinished = has_unfinished_jobs(connection, workflow_id);
  return {.is_canceled = status.is_canceled,
          .is_complete = status.is_canceled || !unfinished,
          .needs_to_run_completion_script = false};
}

bool has_ready_jobs(Connection& connection, Id workflow_id) {
  return value<int>(connection, "SELECT 1 FROM jobs WHERE workflow_id = ? AND status = {ready} LIMIT 1"_sql,
                    workflow_id)
      .has_value();
}

bool is_uninitialized(Connection& connection, Id workflow_id) {
  require_workflow(connection, workflow_id);
  return !value<int>(connection, "SELECT 1 FROM jobs WHERE workflow_id = ? AND status != {uninitialized} LIMIT 1"_sql,
                     workflow_id);
}

void cancel_workflow(Connection& connection, Id workflow_id) {
  const auto status = workflow_status(connection, workflow_id);
  execute(connection, "UPDATE workflows SET is_canceled = 1 WHERE id = ?", workflow_id);
  const auto at_work =
      column<Id>(connection, "SELECT id FROM jobs WHERE workflow_id = ? AND status IN {at_work}"_sql, workflow_id);
  for (const Id id : at_work) {
    set_status(connection, id, JobStatus::running, JobStatus::canceled);
  }
  connection.changes().ended.insert(workflow_id);
  add_event(connection, workflow_id,
            {{"category", "workflow_canceled"},
             {"message", fmt::format("Workflow {} (run_id={}) was canceled", workflow_id, status.run_id)},
             {"run_id", status.run_id},
             {"workflow_id", workflow_id}});
}

void reset_workflow_status(Connection& connection, Id workflow_id, bool force) {
  require_workflow(connection, workflow_id);
  if (!force && value<int>(connection, "SELECT 1 FROM jobs WHERE workflow_id = ? AND status IN {at_work} LIMIT 1"_sql,
                           workflow_id)) {
    throw Refused(Refused::Reason::unprocessable,
                  "Cannot reset workflow status: jobs are currently running or pending submission");
  }
  execute(connection,
          "UPDATE workflows SET is_canceled = 0, is_archived = 0, has_detected_need_to_run_completion_script = 0 "
          "WHERE id = ?",
          workflow_id);
}

std::int64_t reset_job_status(Connection& connection, Id workflow_id, bool failed_only) {
  require_workflow(connection, workflow_id);
  // A dependent has run with the old output of the job that runs again, or waits for it. Disabled jobs stay disabled.
  const std::int64_t count =
      failed_only ? execute(connection,
                            "WITH RECURSIVE stale (id) AS "
                            "(SELECT id FROM jobs WHERE workflow_id = ? "
                            "AND status IN ({failed}, {canceled}, {terminated}, {pending_failed}) UNION "
                            "SELECT d.job_id FROM stale s JOIN job_dependencies d ON d.depends_on_job_id = s.id) "
                            "UPDATE jobs SET status = {uninitialized}, compute_node_id = NULL "
                            "WHERE id IN (SELECT id FROM stale) AND status NOT IN ({uninitialized}, {disabled})"_sql,
                            workflow_id)
                  : execute(connection,
                            "UPDATE jobs SET status = {uninitialized}, compute_node_id = NULL "
                            "WHERE workflow_id = ? AND status != {uninitialized}"_sql,
                            workflow_id);
  recount_blockers(connection, workflow_id);
  return count;
}

std::string server_id(Connection& connection) {
  return value<std::string>(connection, "SELECT server_id FROM server").value_or("");
}

void add_event(Connection& connection, Id workflow_id, const nlohmann::json& data) {
  execute(connection, "INSERT INTO events (workflow_id, timestamp, data) VALUES (?, ?, ?)", workflow_id,
          base::unix_millis_now(), data);
  notify_of_event(connection, workflow_id, data);
}

}  // namespace torc::store
