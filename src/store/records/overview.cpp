#include "torc/store/overview.hpp"

#include "store/query.hpp"
#include "store/sql.hpp"
#include "torc/base/units.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

constexpr double k_bytes_per_gb = 1024.0 * 1024.0 * 1024.0;

std::int64_t scheduled_nodes(Connection& connection, Id workflow_id, const char* status) {
  return value<std::int64_t>(connection,
                             "SELECT COUNT(*) FROM scheduled_compute_nodes WHERE workflow_id = ? AND status = ?",
                             workflow_id, status)
      .value_or(0);
}

void count_jobs(Connection& connection, Id workflow_id, Summary& summary) {
  for (const auto status : model::k_job_statuses) {
    summary.jobs[status] = 0;
  }
  Query rows =
      query(connection, "SELECT status, COUNT(*) FROM jobs WHERE workflow_id = ? GROUP BY status", workflow_id);
  while (rows.step()) {
    summary.jobs[rows.get<model::JobStatus>(0)] = rows.get<std::int64_t>(1);
  }
}

void sum_times(Connection& connection, Id workflow_id, Summary& summary) {
  Query row = query(connection,
                    "SELECT SUM(r.exec_time_minutes), "
                    "MIN((julianday(r.completion_time) - 2440587.5) * 86400 - r.exec_time_minutes * 60), "
                    "MAX((julianday(r.completion_time) - 2440587.5) * 86400) "
                    "FROM jobs j JOIN results r ON r.id = j.result_id WHERE j.workflow_id = ?",
                    workflow_id);
  row.step();
  summary.exec_time_minutes = row.get<std::optional<double>>(0).value_or(0);
  summary.first_start = row.get<std::optional<double>>(1);
  summary.last_end = row.get<std::optional<double>>(2);
}

}  // namespace

model::ReadyJobRequirements ready_job_requirements(Connection& connection, Id workflow_id,
                                                   std::optional<Id> scheduler) {
  require_workflow(connection, workflow_id);
  Query row = query(connection,
                    "SELECT COUNT(*), COALESCE(SUM(r.num_cpus), 0), COALESCE(SUM(r.num_gpus), 0), "
                    "TOTAL(r.memory_bytes), COALESCE(MAX(r.num_nodes), 0), COALESCE(MAX(r.runtime_seconds), 0) "
                    "FROM jobs j JOIN resource_requirements r ON r.id = j.resource_requirements_id "
                    "WHERE j.workflow_id = ?1 AND j.status = {ready} AND (?2 IS NULL OR j.scheduler_id = ?2)"_sql,
                    workflow_id, scheduler);
  row.step();
  return {.num_jobs = row.get<std::int64_t>(0),
          .num_cpus = row.get<std::int64_t>(1),
          .num_gpus = row.get<std::int64_t>(2),
          .memory_gb = row.get<double>(3) / k_bytes_per_gb,
          .max_num_nodes = row.get<std::int64_t>(4),
          .max_runtime = base::format_iso_duration(std::chrono::seconds(row.get<std::int64_t>(5)))};
}

Summary summarize(Connection& connection, Id workflow_id) {
  Summary summary;
  summary.status = workflow_status(connection, workflow_id);
  summary.is_complete = workflow_completion(connection, workflow_id).is_complete;
  count_jobs(connection, workflow_id, summary);
  sum_times(connection, workflow_id, summary);
  summary.active_compute_nodes =
      value<std::int64_t>(connection, "SELECT COUNT(*) FROM compute_nodes WHERE workflow_id = ? AND is_active = 1",
                          workflow_id)
          .value_or(0);
  summary.pending_scheduled_nodes = scheduled_nodes(connection, workflow_id, "pending");
  summary.active_scheduled_nodes = scheduled_nodes(connection, workflow_id, "active");
  return summary;
}

}  // namespace torc::store
