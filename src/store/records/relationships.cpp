// Listings of dependencies.

#include <fmt/format.h>

#include "store/query.hpp"
#include "torc/store/jobs.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

/// One page of rows whose columns are the fields of `T`, in order. `order` is the order if `sort_by` is not given.
template <typename T>
model::Page<T> page_of(Connection& connection, const std::string& select, Id workflow_id, const Paging& paging,
                       const std::string& order) {
  require_workflow(connection, workflow_id);
  model::Page<T> page;
  page.offset = paging.offset;
  page.total_count =
      value<std::int64_t>(connection, fmt::format("SELECT COUNT(*) FROM ({})", select), workflow_id).value_or(0);
  std::string sort = order;
  T fields{};
  fields.visit([&](std::string_view name, const auto&) {
    if (name == paging.sort_by) {
      sort = fmt::format("{}{}, {}", name, paging.reverse ? " DESC" : "", order);
    }
  });
  Query rows = query(connection, fmt::format("SELECT * FROM ({}) ORDER BY {} LIMIT ? OFFSET ?", select, sort),
                     workflow_id, paging.limit, paging.offset);
  while (rows.step()) {
    T item{};
    int index = 0;
    item.visit([&](const char*, auto& member) { member = rows.get<std::decay_t<decltype(member)>>(index++); });
    page.items.push_back(std::move(item));
  }
  page.has_more = page.offset + static_cast<std::int64_t>(page.items.size()) < page.total_count;
  return page;
}

}  // namespace

model::Page<model::JobDependency> job_dependencies(Connection& connection, Id workflow_id, const Paging& paging) {
  return page_of<model::JobDependency>(
      connection,
      "SELECT d.job_id AS job_id, j.name AS job_name, d.depends_on_job_id AS depends_on_job_id, "
      "b.name AS depends_on_job_name, j.workflow_id AS workflow_id FROM jobs j "
      "JOIN job_dependencies d ON d.job_id = j.id JOIN jobs b ON b.id = d.depends_on_job_id "
      "WHERE j.workflow_id = ?",
      workflow_id, paging, "job_id, depends_on_job_id");
}

model::Page<model::FileRelationship> file_relationships(Connection& connection, Id workflow_id, const Paging& paging) {
  return page_of<model::FileRelationship>(
      connection,
      "SELECT f.id AS file_id, f.name AS file_name, f.path AS file_path, o.job_id AS producer_job_id, "
      "p.name AS producer_job_name, i.job_id AS consumer_job_id, c.name AS consumer_job_name, "
      "f.workflow_id AS workflow_id FROM files f LEFT JOIN job_output_files o ON o.file_id = f.id "
      "LEFT JOIN jobs p ON p.id = o.job_id LEFT JOIN job_input_files i ON i.file_id = f.id "
      "LEFT JOIN jobs c ON c.id = i.job_id "
      "WHERE f.workflow_id = ? AND (o.job_id IS NOT NULL OR i.job_id IS NOT NULL)",
      workflow_id, paging, "file_id, producer_job_id, consumer_job_id");
}

model::Page<model::UserDataRelationship> user_data_relationships(Connection& connection, Id workflow_id,
                                                                 const Paging& paging) {
  return page_of<model::UserDataRelationship>(
      connection,
      "SELECT u.id AS user_data_id, u.name AS user_data_name, o.job_id AS producer_job_id, p.name AS "
      "producer_job_name, "
      "i.job_id AS consumer_job_id, c.name AS consumer_job_name, u.workflow_id AS workflow_id "
      "FROM user_data u LEFT JOIN job_output_user_data o ON o.user_data_id = u.id LEFT JOIN jobs p ON p.id = o.job_id "
      "LEFT JOIN job_input_user_data i ON i.user_data_id = u.id LEFT JOIN jobs c ON c.id = i.job_id "
      "WHERE u.workflow_id = ? AND (o.job_id IS NOT NULL OR i.job_id IS NOT NULL)",
      workflow_id, paging, "user_data_id, producer_job_id, consumer_job_id");
}

void link_user_data(Connection& connection, Id user_data_id, std::optional<Id> consumer, std::optional<Id> producer) {
  const auto workflow_id = get<model::UserData>(connection, user_data_id).workflow_id;
  const auto link = [&](const char* table, Id job_id) {
    if (const auto owner = get<model::Job>(connection, job_id).workflow_id; owner != workflow_id) {
      throw Refused(Refused::Reason::unprocessable,
                    fmt::format("job {} belongs to workflow {}, not to workflow {}", job_id, owner, workflow_id));
    }
    execute(connection, fmt::format("INSERT OR IGNORE INTO {} (job_id, user_data_id) VALUES (?, ?)", table), job_id,
            user_data_id);
  };
  if (consumer) {
    link("job_input_user_data", *consumer);
  }
  if (producer) {
    link("job_output_user_data", *producer);
  }
}

}  // namespace torc::store
