#include "store/jobs/changed_inputs.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "store/jobs/transitions.hpp"
#include "store/query.hpp"
#include "store/sql.hpp"
#include "torc/base/strings.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

/// The texts in the order of their IDs, concatenated.
std::string in_order(std::vector<std::pair<Id, std::string>> texts) {
  std::sort(texts.begin(), texts.end());
  std::string all;
  for (const auto& [id, text] : texts) {
    all += text;
  }
  return all;
}

/// A text that changes if the inputs of the job change; empty if it has no inputs.
///
/// Files that another job writes are omitted: their times change each time that job runs, and then this job runs again
/// anyway. Ephemeral user data are omitted because they are cleared for each run.
std::string describe_inputs(Connection& connection, Id job_id) {
  // One statement, because this runs at every start of a job and most jobs have no inputs.
  std::vector<std::pair<Id, std::string>> files;
  std::vector<std::pair<Id, std::string>> data;
  Query rows = query(connection,
                     "SELECT 0, f.id, f.path, f.st_mtime FROM job_input_files i JOIN files f ON f.id = i.file_id "
                     "WHERE i.job_id = ?1 AND NOT EXISTS (SELECT 1 FROM job_output_files o WHERE o.file_id = f.id) "
                     "UNION ALL SELECT 1, u.id, u.data, NULL "
                     "FROM job_input_user_data i JOIN user_data u ON u.id = i.user_data_id "
                     "WHERE i.job_id = ?1 AND u.is_ephemeral = 0 AND NOT EXISTS "
                     "(SELECT 1 FROM job_output_user_data o WHERE o.user_data_id = u.id AND o.job_id = ?1)",
                     job_id);
  while (rows.step()) {
    const Id id = rows.get<Id>(1);
    const auto content = rows.get<std::optional<std::string>>(2).value_or("");
    if (rows.get<int>(0) == 0) {
      files.emplace_back(id,
                         fmt::format("file {} {} {}\n", id, content, rows.get<std::optional<double>>(3).value_or(0)));
    } else {
      data.emplace_back(id, fmt::format("data {} {}\n", id, content));
    }
  }
  return in_order(std::move(files)) + in_order(std::move(data));
}

std::vector<Id> jobs_with_changed_inputs(Connection& connection, Id workflow_id) {
  std::vector<Id> changed;
  Query rows = query(connection,
                     "SELECT id, input_hash FROM jobs WHERE workflow_id = ? "
                     "AND status IN ({completed}, {failed}, {canceled}, {terminated}) AND input_hash IS NOT NULL"_sql,
                     workflow_id);
  while (rows.step()) {
    const Id id = rows.get<Id>(0);
    const auto now = input_hash(connection, id);
    if (now && *now != rows.get<std::string>(1)) {
      changed.push_back(id);
    }
  }
  return changed;
}

}  // namespace

std::optional<std::string> input_hash(Connection& connection, Id job_id) {
  const auto text = describe_inputs(connection, job_id);
  if (text.empty()) {
    return std::nullopt;
  }
  return base::to_hex(base::hash64(text), 16);
}

std::vector<std::string> process_changed_inputs(Connection& connection, Id workflow_id, bool dry_run) {
  require_workflow(connection, workflow_id);
  const auto changed = jobs_with_changed_inputs(connection, workflow_id);
  std::vector<std::string> names;
  std::vector<Id> stale;
  // Dependents of a job that runs again have used its old output. Claimed and running jobs are not changed.
  Query rows = query(connection,
                     "WITH RECURSIVE stale (id) AS (SELECT value FROM json_each(?) UNION "
                     "SELECT d.job_id FROM stale s JOIN job_dependencies d ON d.depends_on_job_id = s.id "
                     "JOIN jobs j ON j.id = d.job_id "
                     "WHERE j.status IN ({blocked}, {ready}, {completed}, {failed}, {canceled}, {terminated})) "
                     "SELECT j.id, j.name, j.status FROM stale s JOIN jobs j ON j.id = s.id ORDER BY j.id"_sql,
                     nlohmann::json(changed));
  while (rows.step()) {
    stale.push_back(rows.get<Id>(0));
    if (model::is_final(rows.get<model::JobStatus>(2))) {
      names.push_back(rows.get<std::string>(1));
    }
  }
  if (!dry_run && !stale.empty()) {
    execute(connection,
            "UPDATE jobs SET status = {uninitialized}, compute_node_id = NULL "
            "WHERE id IN (SELECT value FROM json_each(?))"_sql,
            nlohmann::json(stale));
    recount_blockers(connection, workflow_id);
  }
  return names;
}

}  // namespace torc::store
