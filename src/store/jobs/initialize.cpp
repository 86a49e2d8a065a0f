// Makes the jobs of a workflow ready or blocked.

#include "store/jobs/transitions.hpp"
#include "store/query.hpp"
#include "store/sql.hpp"
#include "torc/store/actions.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

/// Makes jobs that read a file or user data depend on the jobs that write it.
void find_implicit_dependencies(Connection& connection, Id workflow_id) {
  execute(connection, "DELETE FROM job_dependencies WHERE workflow_id = ? AND implicit = 1", workflow_id);
  execute(connection,
          "INSERT OR IGNORE INTO job_dependencies (job_id, depends_on_job_id, workflow_id, implicit) "
          "SELECT i.job_id, o.job_id, f.workflow_id, 1 FROM files f JOIN job_input_files i ON i.file_id = f.id "
          "JOIN job_output_files o ON o.file_id = f.id WHERE f.workflow_id = ? AND i.job_id != o.job_id",
          workflow_id);
  execute(connection,
          "INSERT OR IGNORE INTO job_dependencies (job_id, depends_on_job_id, workflow_id, implicit) "
          "SELECT i.job_id, o.job_id, u.workflow_id, 1 FROM user_data u "
          "JOIN job_input_user_data i ON i.user_data_id = u.id "
          "JOIN job_output_user_data o ON o.user_data_id = u.id WHERE u.workflow_id = ? AND i.job_id != o.job_id",
          workflow_id);
}

/// Resets terminated jobs, which run again, and all their dependents that have ended. Claimed and running jobs do not
/// change.
void reset_unfinished(Connection& connection, Id workflow_id) {
  execute(connection,
          "WITH RECURSIVE stale (id) AS (SELECT id FROM jobs WHERE workflow_id = ? AND status = {terminated} UNION "
          "SELECT d.job_id FROM stale s JOIN job_dependencies d ON d.depends_on_job_id = s.id) "
          "UPDATE jobs SET status = {uninitialized} "
          "WHERE id IN (SELECT id FROM stale) AND status IN ({completed}, {failed}, {canceled})"_sql,
          workflow_id);
  execute(connection,
          "UPDATE jobs SET status = {uninitialized} "
          "WHERE workflow_id = ? AND status IN ({blocked}, {ready}, {terminated}, {pending_failed})"_sql,
          workflow_id);
}

void make_ready_or_blocked(Connection& connection, Id workflow_id) {
  // This changes no status from final to unfinished or back, so the order of the rows does not matter.
  execute(connection,
          "UPDATE jobs SET "
          "status = CASE WHEN EXISTS (SELECT 1 FROM job_dependencies d JOIN jobs b ON b.id = d.depends_on_job_id "
          "WHERE d.job_id = jobs.id AND b.status NOT IN {final}) THEN {blocked} ELSE {ready} END, "
          "blockers = (SELECT COUNT(*) FROM job_dependencies d JOIN jobs b ON b.id = d.depends_on_job_id "
          "WHERE d.job_id = jobs.id AND b.status NOT IN {final}), "
          "compute_node_id = NULL, result_id = NULL, failure_retries = 0, time_limits = 0, losses = 0, lost_on = NULL "
          "WHERE workflow_id = ? AND status IN {unfinished} AND status = {uninitialized}"_sql,
          workflow_id);
}

/// Cancels jobs with a dependency that had failed before they were initialized, as if it failed now.
void cancel_after_failures(Connection& connection, Id workflow_id) {
  const auto canceled =
      column<Id>(connection,
                 "SELECT DISTINCT j.id FROM jobs j JOIN job_dependencies d ON d.job_id = j.id "
                 "JOIN jobs b ON b.id = d.depends_on_job_id "
                 "WHERE j.workflow_id = ? AND j.status IN {unfinished} AND j.status IN ({blocked}, {ready}) "
                 "AND b.status IN ({failed}, {canceled}, {terminated}) AND j.cancel_on_blocking_job_failure = 1"_sql,
                 workflow_id);
  for (const Id id : canceled) {
    const auto changed = execute(
        connection,
        "UPDATE jobs SET status = {canceled}, blockers = 0 WHERE id = ? AND status IN ({blocked}, {ready})"_sql, id);
    if (changed != 0) {
      release_dependents(connection, id, model::JobStatus::canceled);
    }
  }
}

}  // namespace

bool initialize_jobs(Connection& connection, Id workflow_id, InitializeOptions options) {
  require_workflow(connection, workflow_id);
  if (options.if_uninitialized && !is_uninitialized(connection, workflow_id)) {
    return false;
  }
  if (options.next_run) {
    execute(connection, "UPDATE workflows SET run_id = run_id + 1, is_canceled = 0 WHERE id = ?", workflow_id);
  }
  if (options.clear_ephemeral_user_data) {
    execute(connection, "UPDATE user_data SET data = NULL WHERE workflow_id = ? AND is_ephemeral = 1", workflow_id);
  }
  find_implicit_dependencies(connection, workflow_id);
  if (!options.only_uninitialized) {
    reset_unfinished(connection, workflow_id);
  }
  make_ready_or_blocked(connection, workflow_id);
  recount_blockers(connection, workflow_id);
  cancel_after_failures(connection, workflow_id);
  rearm_actions(connection, workflow_id);
  auto& changes = connection.changes();
  changes.claimable.insert(workflow_id);
  changes.ended.insert(workflow_id);
  if (changes.wanted()) {
    notify(connection, workflow_id, "workflow_reinitialized", Severity::info,
           {{"workflow_id", workflow_id}, {"run_id", workflow_status(connection, workflow_id).run_id}});
  }
  return true;
}

std::vector<Id> required_existing_files(Connection& connection, Id workflow_id) {
  require_workflow(connection, workflow_id);
  return column<Id>(connection,
                    "SELECT id FROM files WHERE workflow_id = ? "
                    "AND EXISTS (SELECT 1 FROM job_input_files i WHERE i.file_id = files.id) "
                    "AND NOT EXISTS (SELECT 1 FROM job_output_files o WHERE o.file_id = files.id) ORDER BY id",
                    workflow_id);
}

std::vector<Id> missing_user_data(Connection& connection, Id workflow_id) {
  require_workflow(connection, workflow_id);
  return column<Id>(
      connection,
      "SELECT id FROM user_data WHERE workflow_id = ? AND data IS NULL "
      "AND EXISTS (SELECT 1 FROM job_input_user_data i WHERE i.user_data_id = user_data.id) "
      "AND NOT EXISTS (SELECT 1 FROM job_output_user_data o WHERE o.user_data_id = user_data.id) ORDER BY id",
      workflow_id);
}

}  // namespace torc::store
