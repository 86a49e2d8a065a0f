#include "store/jobs/transitions.hpp"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "store/sql.hpp"

namespace torc::store {
namespace {

using model::JobStatus;

bool is_failure(JobStatus status) {
  return status == JobStatus::failed || status == JobStatus::canceled || status == JobStatus::terminated;
}

constexpr std::string_view k_count_blockers =
    "(SELECT COUNT(*) FROM job_dependencies d JOIN jobs b ON b.id = d.depends_on_job_id "
    "WHERE d.job_id = jobs.id AND b.status NOT IN {final})"_sql;

/// Records that the job's workflow may have something to claim.
void record_claimable(Connection& connection, Id job_id) {
  if (const auto workflow_id = value<Id>(connection, "SELECT workflow_id FROM jobs WHERE id = ?", job_id)) {
    connection.changes().claimable.insert(*workflow_id);
  }
}

}  // namespace

bool has_unfinished_jobs(Connection& connection, Id workflow_id) {
  return value<int>(connection, "SELECT 1 FROM jobs WHERE workflow_id = ? AND status IN {unfinished} LIMIT 1"_sql,
                    workflow_id)
      .has_value();
}

void release_dependents(Connection& connection, Id job_id, JobStatus status) {
  // An explicit list instead of recursion, because chains of dependent jobs can be arbitrarily long.
  std::vector<std::pair<Id, JobStatus>> ended{{job_id, status}};
  while (!ended.empty()) {
    const auto [id, end] = ended.back();
    ended.pop_back();
    if (is_failure(end)) {
      const auto canceled = column<Id>(
          connection,
          "SELECT j.id FROM job_dependencies d JOIN jobs j ON j.id = d.job_id "
          "WHERE d.depends_on_job_id = ? AND j.status = {blocked} AND j.cancel_on_blocking_job_failure = 1"_sql,
          id);
      for (const Id dependent : canceled) {
        execute(connection, "UPDATE jobs SET status = {canceled}, blockers = 0 WHERE id = ?"_sql, dependent);
        ended.emplace_back(dependent, JobStatus::canceled);
      }
    }
    const auto released = execute(
        connection,
        "UPDATE jobs SET status = CASE WHEN blockers <= 1 THEN {ready} ELSE {blocked} END, blockers = blockers - 1 "
        "WHERE status = {blocked} "
        "AND id IN (SELECT job_id FROM job_dependencies WHERE depends_on_job_id = ?)"_sql,
        id);
    if (released > 0) {
      record_claimable(connection, id);
    }
  }
}

void block_dependents(Connection& connection, Id job_id) {
  static const std::string block_sql =
      fmt::format("{}{} WHERE id = ?", "UPDATE jobs SET status = {blocked}, blockers = "_sql, k_count_blockers);
  std::vector<Id> reopened{job_id};
  while (!reopened.empty()) {
    const Id id = reopened.back();
    reopened.pop_back();
    std::vector<std::pair<Id, JobStatus>> dependents;
    Query rows = query(connection,
                       "SELECT j.id, j.status FROM job_dependencies d JOIN jobs j ON j.id = d.job_id "
                       "WHERE d.depends_on_job_id = ? AND j.status IN ({blocked}, {ready}, {canceled})"_sql,
                       id);
    while (rows.step()) {
      dependents.emplace_back(rows.get<Id>(0), rows.get<JobStatus>(1));
    }
    for (const auto& [dependent, status] : dependents) {
      execute(connection, block_sql, dependent);
      if (status == JobStatus::canceled) {
        reopened.push_back(dependent);
      }
    }
  }
}

void set_status(Connection& connection, Id job_id, JobStatus from, JobStatus to) {
  execute(connection, "UPDATE jobs SET status = ? WHERE id = ?", to, job_id);
  if (to == JobStatus::ready) {
    record_claimable(connection, job_id);
  }
  if (model::is_final(to) && !model::is_final(from)) {
    release_dependents(connection, job_id, to);
  } else if (model::is_final(from) && !model::is_final(to)) {
    block_dependents(connection, job_id);
  }
}

void recount_blockers(Connection& connection, Id workflow_id) {
  // Also contains the condition of the wider index (unfinished): SQLite uses an index only for statements that contain
  // its condition.
  static const std::string sql = fmt::format("UPDATE jobs SET blockers = {} WHERE workflow_id = ? AND {}",
                                             k_count_blockers, "status IN {unfinished} AND status = {blocked}"_sql);
  execute(connection, sql, workflow_id);
}

}  // namespace torc::store
