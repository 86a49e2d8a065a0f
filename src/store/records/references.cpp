#include "store/records/references.hpp"

#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace torc::store {
namespace {

struct Kind {
  const char* what;  ///< The kind's name in errors.
  std::vector<const char*> tables;
};

const Kind& kind_of(Referred referred) {
  static const std::array<Kind, 6> kinds{{{"failure handler", {"failure_handlers"}},
                                          {"Slurm scheduler", {"slurm_schedulers"}},
                                          {"local scheduler", {"local_schedulers"}},
                                          {"scheduler", {"slurm_schedulers", "local_schedulers"}},
                                          {"compute node", {"compute_nodes"}},
                                          {"scheduled compute node", {"scheduled_compute_nodes"}}}};
  return kinds.at(static_cast<std::size_t>(referred));
}

Referred scheduler_of(const std::string& type) {
  return type == "slurm"   ? Referred::slurm_scheduler
         : type == "local" ? Referred::local_scheduler
                           : Referred::any_scheduler;
}

std::string text_in(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// An ID inside a JSON object. Other values are ignored here.
std::optional<Id> id_in(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) {
    return std::nullopt;
  }
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? std::optional(found->get<Id>()) : std::nullopt;
}

/// A column that contains IDs of other records.
struct Column {
  const char* table;
  const char* record;  ///< How a problem names the row.
  const char* id;      ///< SQL expression of the row's ID.
  const char* workflow;
  const char* column;  ///< SQL expression; NULL if a row refers to nothing.
  const char* what;
  std::vector<const char*> targets;
};

const std::vector<Column>& columns() {
  static const std::vector<Column> all{
      {"jobs",
       "job",
       "r.id",
       "r.workflow_id",
       "r.resource_requirements_id",
       "resource requirements",
       {"resource_requirements"}},
      {"jobs", "job", "r.id", "r.workflow_id", "r.failure_handler_id", "failure handler", {"failure_handlers"}},
      {"jobs", "job", "r.id", "r.workflow_id", "r.scheduler_id", "scheduler", {"slurm_schedulers", "local_schedulers"}},
      {"jobs",
       "job",
       "r.id",
       "r.workflow_id",
       "CASE WHEN json_valid(r.schedule_compute_nodes) THEN json_extract(r.schedule_compute_nodes, '$.scheduler_id') "
       "END",
       "scheduler",
       {"slurm_schedulers", "local_schedulers"}},
      {"jobs", "job", "r.id", "r.workflow_id", "r.compute_node_id", "compute node", {"compute_nodes"}},
      {"jobs", "job", "r.id", "r.workflow_id", "r.result_id", "result", {"results"}},
      {"results", "result", "r.id", "r.workflow_id", "r.job_id", "job", {"jobs"}},
      {"results", "result", "r.id", "r.workflow_id", "r.compute_node_id", "compute node", {"compute_nodes"}},
      {"compute_nodes",
       "compute node",
       "r.id",
       "r.workflow_id",
       "r.scheduler_config_id",
       "scheduler",
       {"slurm_schedulers", "local_schedulers"}},
      {"compute_nodes",
       "compute node",
       "r.id",
       "r.workflow_id",
       "CASE WHEN json_valid(r.scheduler) AND json_extract(r.scheduler, '$.type') = 'slurm' "
       "THEN json_extract(r.scheduler, '$.scheduler_id') END",
       "scheduled compute node",
       {"scheduled_compute_nodes"}},
      {"scheduled_compute_nodes",
       "scheduled compute node",
       "r.id",
       "r.workflow_id",
       "CASE WHEN r.scheduler_type != 'local' THEN r.scheduler_config_id END",
       "Slurm scheduler",
       {"slurm_schedulers"}},
      {"scheduled_compute_nodes",
       "scheduled compute node",
       "r.id",
       "r.workflow_id",
       "CASE r.scheduler_type WHEN 'local' THEN r.scheduler_config_id END",
       "local scheduler",
       {"local_schedulers"}},
      {"workflow_actions",
       "action",
       "r.id",
       "r.workflow_id",
       "CASE WHEN json_valid(r.action_config) THEN json_extract(r.action_config, '$.scheduler_id') END",
       "scheduler",
       {"slurm_schedulers", "local_schedulers"}},
      {"workflow_actions", "action", "r.id", "r.workflow_id", "r.executed_by", "compute node", {"compute_nodes"}},
      {"slurm_stats", "Slurm statistics", "r.id", "r.workflow_id", "r.job_id", "job", {"jobs"}},
      {"ro_crate_entities", "RO-Crate entity", "r.id", "r.workflow_id", "r.file_id", "file", {"files"}},
      {"job_dependencies",
       "job",
       "r.job_id",
       "(SELECT workflow_id FROM jobs WHERE id = r.job_id)",
       "r.depends_on_job_id",
       "job",
       {"jobs"}},
      {"job_input_files",
       "job",
       "r.job_id",
       "(SELECT workflow_id FROM jobs WHERE id = r.job_id)",
       "r.file_id",
       "input file",
       {"files"}},
      {"job_output_files",
       "job",
       "r.job_id",
       "(SELECT workflow_id FROM jobs WHERE id = r.job_id)",
       "r.file_id",
       "output file",
       {"files"}},
      {"job_input_user_data",
       "job",
       "r.job_id",
       "(SELECT workflow_id FROM jobs WHERE id = r.job_id)",
       "r.user_data_id",
       "input user data",
       {"user_data"}},
      {"job_output_user_data",
       "job",
       "r.job_id",
       "(SELECT workflow_id FROM jobs WHERE id = r.job_id)",
       "r.user_data_id",
       "output user data",
       {"user_data"}},
      {"workflow_action_jobs",
       "action",
       "r.action_id",
       "(SELECT workflow_id FROM workflow_actions WHERE id = r.action_id)",
       "r.job_id",
       "job",
       {"jobs"}}};
  return all;
}

/// A column that contains JSON or NULL. A server cannot read a row with anything else in it.
struct JsonColumn {
  const char* table;
  const char* record;
  const char* column;
};

constexpr std::array<JsonColumn, 3> k_json_columns{{{"jobs", "job", "schedule_compute_nodes"},
                                                    {"compute_nodes", "compute node", "scheduler"},
                                                    {"workflow_actions", "action", "action_config"}}};

/// A query for (ID of the row, its workflow, ID that it refers to, workflow of that) for each row that refers to a
/// record of another workflow, unless one of the tables has a record with that ID in the row's own workflow.
std::string foreign_rows_sql(const Column& column) {
  std::string own;
  std::string elsewhere;
  for (const char* table : column.targets) {
    own += fmt::format(" AND NOT EXISTS (SELECT 1 FROM {} t WHERE t.id = v.named AND t.workflow_id = v.workflow_id)",
                       table);
    elsewhere += fmt::format("{}SELECT id, workflow_id FROM {}", elsewhere.empty() ? "" : " UNION ALL ", table);
  }
  return fmt::format(
      "SELECT v.id, v.workflow_id, v.named, max(e.workflow_id) FROM (SELECT {} AS id, {} AS workflow_id, {} AS named "
      "FROM {} r) v JOIN ({}) e ON e.id = v.named AND e.workflow_id != v.workflow_id WHERE v.named IS NOT NULL{} "
      "GROUP BY v.id, v.workflow_id, v.named ORDER BY v.id, v.named",
      column.id, column.workflow, column.column, column.table, elsewhere, own);
}

}  // namespace

void require_same_workflow(Connection& connection, Referred referred, Id id, Id workflow_id) {
  const Kind& kind = kind_of(referred);
  std::optional<Id> elsewhere;
  for (const char* table : kind.tables) {
    const auto found = value<Id>(connection, fmt::format("SELECT workflow_id FROM {} WHERE id = ?", table), id);
    if (found == workflow_id) {
      return;
    }
    elsewhere = found ? found : elsewhere;
  }
  if (elsewhere) {
    throw Refused(Refused::Reason::unprocessable, fmt::format("{} {} belongs to workflow {}, not to workflow {}",
                                                              kind.what, id, *elsewhere, workflow_id));
  }
}

void check_references(Connection& connection, const model::Job& job, Id workflow_id) {
  if (job.failure_handler_id) {
    require_same_workflow(connection, Referred::failure_handler, *job.failure_handler_id, workflow_id);
  }
  if (job.scheduler_id) {
    require_same_workflow(connection, Referred::any_scheduler, *job.scheduler_id, workflow_id);
  }
  if (job.schedule_compute_nodes) {
    require_same_workflow(connection, Referred::any_scheduler, job.schedule_compute_nodes->scheduler_id, workflow_id);
  }
}

void check_references(Connection& connection, const model::Result& result, Id workflow_id) {
  require_same_workflow(connection, Referred::compute_node, result.compute_node_id, workflow_id);
}

void check_references(Connection& connection, const model::ComputeNode& node, Id workflow_id) {
  if (node.scheduler_config_id) {
    require_same_workflow(connection, scheduler_of(node.compute_node_type), *node.scheduler_config_id, workflow_id);
  }
  // A node in a Slurm allocation contains the ID of the scheduled compute node that it came from.
  if (node.scheduler && node.scheduler->is_object() && text_in(*node.scheduler, "type") == "slurm") {
    if (const auto id = id_in(*node.scheduler, "scheduler_id")) {
      require_same_workflow(connection, Referred::scheduled_node, *id, workflow_id);
    }
  }
}

void check_references(Connection& connection, const model::ScheduledComputeNode& node, Id workflow_id) {
  // scheduler_id is Slurm's own job ID.
  require_same_workflow(connection, scheduler_of(node.scheduler_type), node.scheduler_config_id, workflow_id);
}

void check_references(Connection& connection, const model::WorkflowAction& action, Id workflow_id) {
  if (const auto id = id_in(action.action_config, "scheduler_id")) {
    require_same_workflow(connection, scheduler_of(text_in(action.action_config, "scheduler_type")), *id, workflow_id);
  }
}

void find_malformed_json(SQLite::Database& database, int most, Check& check) {
  int found = 0;
  for (const auto& [table, record, column] : k_json_columns) {
    SQLite::Statement rows{database, fmt::format("SELECT id, workflow_id FROM {0} WHERE {1} IS NOT NULL AND NOT "
                                                 "json_valid({1}) ORDER BY id",
                                                 table, column)};
    for (; found < most && rows.executeStep(); ++found) {
      check.problems.push_back(fmt::format("{} {} of workflow {} has malformed JSON in {}", record,
                                           rows.getColumn(0).getString(), rows.getColumn(1).getString(), column));
    }
  }
}

void find_foreign_references(SQLite::Database& database, int most, Check& check) {
  int found = 0;
  for (const auto& column : columns()) {
    SQLite::Statement rows{database, foreign_rows_sql(column)};
    for (; found < most && rows.executeStep(); ++found) {
      check.problems.push_back(fmt::format("{} {} of workflow {} refers to {} {}, which belongs to workflow {}",
                                           column.record, rows.getColumn(0).getString(), rows.getColumn(1).getString(),
                                           column.what, rows.getColumn(2).getString(), rows.getColumn(3).getString()));
    }
  }
}

}  // namespace torc::store
