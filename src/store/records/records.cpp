#include "torc/store/records.hpp"

#include <cstdint>
#include <unordered_map>

#include <fmt/format.h>

#include "store/records/references.hpp"
#include "store/rows.hpp"

namespace torc::store {
namespace {

template <typename T>
[[noreturn]] void throw_missing(Id id) {
  throw Refused(Refused::Reason::not_found, fmt::format("{} with ID: {}", Table<T>::k_missing, id));
}

/// Whether clients may set this column. The server computes the status ID, assigns IDs and records heartbeats.
bool is_settable(std::string_view name) {
  return name != "id" && name != "status_id" && name != "last_heartbeat";
}

/// Calls `visitor(name, value)` for every column that has a value in `record`.
template <typename T, typename Visitor>
void visit_present(const T& record, Visitor&& visitor) {
  record.visit([&](const char* name, const auto& member) {
    using Member = std::decay_t<decltype(member)>;
    if constexpr (is_column<Member>()) {
      if (is_settable(name)) {
        if constexpr (model::detail::IsOptional<Member>::value) {
          if (member) {
            visitor(name, *member);
          }
        } else {
          visitor(name, member);
        }
      }
    }
  });
}

template <typename T>
bool has_column(std::string_view wanted) {
  bool found = false;
  T model{};
  model.visit([&](const char* name, const auto& member) {
    found = found || (is_column<std::decay_t<decltype(member)>>() && wanted == name);
  });
  return found;
}

/// A bit mask of the fields of `record` that have a value.
template <typename T>
std::uint64_t present_fields(const T& record) {
  std::uint64_t present = 0;
  std::uint64_t bit = 1;
  record.visit([&](const char*, const auto& member) {
    if constexpr (model::detail::IsOptional<std::decay_t<decltype(member)>>::value) {
      present |= member ? bit : 0;
    }
    bit <<= 1;
  });
  return present;
}

/// The statement that stores the columns that have a value in `record`. It is built once per set of columns, because
/// thousands of records with the same set may be inserted.
template <typename T>
const std::string& insert_sql(const T& record) {
  thread_local std::unordered_map<std::uint64_t, std::string> statements;
  std::string& sql = statements[present_fields(record)];
  if (sql.empty()) {
    std::string names;
    std::string marks;
    visit_present(record, [&](const char* name, const auto&) {
      names += names.empty() ? "" : ", ";
      names += name;
      marks += marks.empty() ? "?" : ", ?";
    });
    sql = fmt::format("INSERT INTO {} ({}) VALUES ({})", Table<T>::k_name, names, marks);
  }
  return sql;
}

void bind_all(Query& query, const Filter& filter) {
  for (const auto& value : filter.values()) {
    std::visit([&](const auto& held) { query.bind(held); }, value);
  }
}

}  // namespace

template <model::detail::Model T>
std::optional<T> find(Connection& connection, Id id) {
  static const std::string sql = fmt::format("SELECT {} FROM {} WHERE id = ?", select_list<T>(), Table<T>::k_name);
  Query row = query(connection, sql, id);
  if (!row.step()) {
    return std::nullopt;
  }
  return read_row<T>(row);
}

template <model::detail::Model T>
T get(Connection& connection, Id id) {
  auto found = find<T>(connection, id);
  if (!found) {
    throw_missing<T>(id);
  }
  return std::move(*found);
}

template <model::detail::Model T>
model::Page<T> list(Connection& connection, const Filter& filter, const Paging& paging) {
  const char* table = Table<T>::k_name;
  model::Page<T> page;
  page.offset = paging.offset;
  {
    Query count{connection, fmt::format("SELECT COUNT(*) FROM {} WHERE {}", table, filter.text())};
    bind_all(count, filter);
    count.step();
    page.total_count = count.get<std::int64_t>(0);
  }
  const char* direction = paging.reverse ? "DESC" : "ASC";
  std::string order = fmt::format("id {}", direction);
  if (!paging.sort_by.empty() && paging.sort_by != "id" && has_column<T>(paging.sort_by)) {
    order = fmt::format("{} {}, id", paging.sort_by, direction);
  }
  Query rows{connection, fmt::format("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT ? OFFSET ?", select_list<T>(), table,
                                     filter.text(), order)};
  bind_all(rows, filter);
  rows.bind(paging.limit).bind(paging.offset);
  while (rows.step()) {
    page.items.push_back(read_row<T>(rows));
  }
  page.has_more = page.offset + static_cast<std::int64_t>(page.items.size()) < page.total_count;
  return page;
}

template <model::detail::Model T>
Id insert(Connection& connection, const T& record) {
  if constexpr (k_has_references<T>) {
    check_references(connection, record, record.workflow_id);
  }
  Query change{connection, insert_sql(record)};
  visit_present(record, [&](const char*, const auto& value) { change.bind(value); });
  change.step();
  return connection.impl().database.getLastInsertRowid();
}

template <model::detail::Model T>
void update(Connection& connection, Id id, const T& record) {
  std::string changes;
  const auto is_changed = [](std::string_view name) { return name != "workflow_id"; };
  visit_present(record, [&](const char* name, const auto&) {
    if (is_changed(name)) {
      changes += fmt::format("{}{} = ?", changes.empty() ? "" : ", ", name);
    }
  });
  if (changes.empty()) {
    get<T>(connection, id);
    return;
  }
  if constexpr (k_has_references<T>) {
    // The record's own workflow ID is ignored. A missing record is reported below.
    if (const auto workflow_id = workflow_of<T>(connection, id)) {
      check_references(connection, record, *workflow_id);
    }
  }
  Query change{connection, fmt::format("UPDATE {} SET {} WHERE id = ?", Table<T>::k_name, changes)};
  visit_present(record, [&](const char* name, const auto& value) {
    if (is_changed(name)) {
      change.bind(value);
    }
  });
  change.bind(id);
  change.step();
  if (connection.impl().database.getChanges() == 0) {
    throw_missing<T>(id);
  }
}

template <model::detail::Model T>
T remove(Connection& connection, Id id) {
  T was = get<T>(connection, id);
  static const std::string sql = fmt::format("DELETE FROM {} WHERE id = ?", Table<T>::k_name);
  execute(connection, sql, id);
  if constexpr (std::is_same_v<T, model::Workflow>) {
    connection.changes().deleted.insert(id);
  }
  return was;
}

template <model::detail::Model T>
std::int64_t remove_all(Connection& connection, Id workflow_id) {
  static const std::string sql = fmt::format("DELETE FROM {} WHERE workflow_id = ?", Table<T>::k_name);
  if constexpr (std::is_same_v<T, model::Job>) {
    connection.changes().ended.insert(workflow_id);
  }
  return execute(connection, sql, workflow_id);
}

template <model::detail::Model T>
std::optional<Id> workflow_of(Connection& connection, Id id) {
  static const std::string sql = fmt::format("SELECT workflow_id FROM {} WHERE id = ?", Table<T>::k_name);
  return value<Id>(connection, sql, id);
}

void require_workflow(Connection& connection, Id workflow_id) {
  if (!value<Id>(connection, "SELECT id FROM workflows WHERE id = ?", workflow_id)) {
    throw_missing<model::Workflow>(workflow_id);
  }
}

#define TORC_RECORD(MODEL)                                                                          \
  template std::optional<model::MODEL> find<model::MODEL>(Connection&, Id);                         \
  template model::MODEL get<model::MODEL>(Connection&, Id);                                         \
  template model::Page<model::MODEL> list<model::MODEL>(Connection&, const Filter&, const Paging&); \
  template Id insert<model::MODEL>(Connection&, const model::MODEL&);                               \
  template void update<model::MODEL>(Connection&, Id, const model::MODEL&);                         \
  template model::MODEL remove<model::MODEL>(Connection&, Id);                                      \
  template std::int64_t remove_all<model::MODEL>(Connection&, Id)

TORC_RECORD(Job);
TORC_RECORD(ResourceRequirements);
TORC_RECORD(Result);
TORC_RECORD(ComputeNode);
TORC_RECORD(File);
TORC_RECORD(UserData);
TORC_RECORD(Event);
TORC_RECORD(ScheduledComputeNode);
TORC_RECORD(SlurmScheduler);
TORC_RECORD(LocalScheduler);
TORC_RECORD(SlurmStats);
TORC_RECORD(FailureHandler);
TORC_RECORD(RoCrateEntity);
TORC_RECORD(WorkflowAction);
TORC_RECORD(AccessGroup);
TORC_RECORD(GroupMembership);

#define TORC_OF_WORKFLOW(MODEL) template std::optional<Id> workflow_of<model::MODEL>(Connection&, Id)

TORC_OF_WORKFLOW(Job);
TORC_OF_WORKFLOW(ResourceRequirements);
TORC_OF_WORKFLOW(Result);
TORC_OF_WORKFLOW(ComputeNode);
TORC_OF_WORKFLOW(File);
TORC_OF_WORKFLOW(UserData);
TORC_OF_WORKFLOW(Event);
TORC_OF_WORKFLOW(ScheduledComputeNode);
TORC_OF_WORKFLOW(SlurmScheduler);
TORC_OF_WORKFLOW(LocalScheduler);
TORC_OF_WORKFLOW(FailureHandler);
TORC_OF_WORKFLOW(RoCrateEntity);

template std::optional<model::Workflow> find<model::Workflow>(Connection&, Id);
template model::Workflow get<model::Workflow>(Connection&, Id);
template model::Page<model::Workflow> list<model::Workflow>(Connection&, const Filter&, const Paging&);
template Id insert<model::Workflow>(Connection&, const model::Workflow&);
template void update<model::Workflow>(Connection&, Id, const model::Workflow&);
template model::Workflow remove<model::Workflow>(Connection&, Id);

}  // namespace torc::store
