#include "store/records/relations.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "store/query.hpp"

namespace torc::store {
namespace {

/// Up to this many jobs, one lookup per job is faster than one range over all of them.
constexpr std::size_t k_few_jobs = 64;

bool is_wanted(const Relation& relation, Relations relations) {
  return relations == Relations::all || (relations == Relations::outputs && relation.is_output);
}

/// One statement for all ID lists of a job; its columns are the index in k_relations and an ID.
std::string lists_of_a_job(Relations relations) {
  std::string sql;
  for (std::size_t i = 0; i < k_relations.size(); ++i) {
    if (is_wanted(k_relations[i], relations)) {
      sql += fmt::format("{}SELECT {}, {} FROM {} WHERE job_id = ?1", sql.empty() ? "" : " UNION ALL ", i,
                         k_relations[i].column, k_relations[i].table);
    }
  }
  return sql;
}

const std::string& lists_sql(Relations relations) {
  static const std::string all = lists_of_a_job(Relations::all);
  static const std::string outputs = lists_of_a_job(Relations::outputs);
  return relations == Relations::all ? all : outputs;
}

void read_one_by_one(Connection& connection, std::vector<model::Job>& jobs, Relations relations) {
  const std::string& sql = lists_sql(relations);
  for (auto& job : jobs) {
    Query rows = query(connection, sql, *job.id);
    while (rows.step()) {
      auto& list = job.*k_relations.at(rows.get<std::size_t>(0)).field;
      if (!list) {
        list.emplace();
      }
      list->push_back(rows.get<Id>(1));
    }
    for (const auto& relation : k_relations) {
      if (auto& list = job.*relation.field; list && is_wanted(relation, relations)) {
        std::sort(list->begin(), list->end());
      }
    }
  }
}

void read_range(Connection& connection, const Relation& relation, std::vector<model::Job>& jobs) {
  std::unordered_map<Id, model::Job*> by_id;
  by_id.reserve(jobs.size());
  Id first = *jobs.front().id;
  Id last = first;
  for (auto& job : jobs) {
    by_id.emplace(*job.id, &job);
    first = std::min(first, *job.id);
    last = std::max(last, *job.id);
  }
  Query rows = query(connection,
                     fmt::format("SELECT job_id, {0} FROM {1} WHERE job_id BETWEEN ? AND ? ORDER BY job_id, {0}",
                                 relation.column, relation.table),
                     first, last);
  while (rows.step()) {
    if (const auto it = by_id.find(rows.get<Id>(0)); it != by_id.end()) {
      auto& list = it->second->*relation.field;
      if (!list) {
        list.emplace();
      }
      list->push_back(rows.get<Id>(1));
    }
  }
}

void require_target(Connection& connection, const Relation& relation, Id id, Id workflow_id) {
  const std::string sql = fmt::format("SELECT workflow_id FROM {} WHERE id = ?", relation.target_table);
  const auto found = value<Id>(connection, sql, id);
  if (!found || *found != workflow_id) {
    throw Refused(Refused::Reason::unprocessable,
                  fmt::format("{} {} does not belong to workflow {}", relation.what, id, workflow_id));
  }
}

}  // namespace

void read_relations(Connection& connection, std::vector<model::Job>& jobs, Relations relations) {
  if (jobs.empty() || relations == Relations::none) {
    return;
  }
  if (jobs.size() <= k_few_jobs) {
    read_one_by_one(connection, jobs, relations);
    return;
  }
  for (const auto& relation : k_relations) {
    if (is_wanted(relation, relations)) {
      read_range(connection, relation, jobs);
    }
  }
}

void write_relations(Connection& connection, Id job_id, Id workflow_id, const model::Job& job, bool replace) {
  for (const auto& relation : k_relations) {
    const auto& ids = job.*relation.field;
    if (!ids) {
      continue;
    }
    if (replace) {
      execute(connection, fmt::format("DELETE FROM {} WHERE job_id = ?", relation.table), job_id);
    }
    const bool is_dependency = relation.field == &model::Job::depends_on_job_ids;
    const std::string sql =
        is_dependency
            ? "INSERT OR IGNORE INTO job_dependencies (job_id, depends_on_job_id, workflow_id) VALUES (?, ?, ?)"
            : fmt::format("INSERT OR IGNORE INTO {} (job_id, {}) VALUES (?, ?)", relation.table, relation.column);
    for (const Id id : *ids) {
      require_target(connection, relation, id, workflow_id);
      Query change = query(connection, sql, job_id, id);
      if (is_dependency) {
        if (id == job_id) {
          throw Refused(Refused::Reason::unprocessable, fmt::format("job {} cannot depend on itself", id));
        }
        change.bind(workflow_id);
      }
      change.step();
    }
  }
}

}  // namespace torc::store
