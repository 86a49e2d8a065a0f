#pragma once

// Operations on all kinds of records: create, read, list, change and delete by ID. The kinds are the models that have a
// table in store/tables.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "torc/model/json.hpp"
#include "torc/model/models.hpp"
#include "torc/store/connection.hpp"

namespace torc::store {

using model::Id;
using Value = std::variant<std::int64_t, double, std::string>;

/// The condition that selects the rows of a listing. Conditions are constant SQL of this program; values are always
/// bound.
class Filter {
 public:
  Filter& equals(const std::string& column, Value value) { return where(column + " = ?", std::move(value)); }
  /// `condition` contains one '?', which stands for `value`.
  Filter& where(std::string_view condition, Value value) {
    m_values.push_back(std::move(value));
    return where(condition);
  }
  Filter& where(std::string_view condition) {
    m_text += " AND ";
    m_text += condition;
    return *this;
  }

  const std::string& text() const { return m_text; }
  const std::vector<Value>& values() const { return m_values; }

 private:
  std::string m_text{"1"};
  std::vector<Value> m_values;
};

struct Paging {
  std::int64_t offset{0};
  std::int64_t limit{model::k_page_limit};
  std::string sort_by{};  ///< A field's name; unknown names are ignored. Rows with equal values are ordered by ID.
  bool reverse{false};
};

template <model::detail::Model T>
std::optional<T> find(Connection& connection, Id id);

/// @throws Refused not_found
template <model::detail::Model T>
T get(Connection& connection, Id id);

template <model::detail::Model T>
model::Page<T> list(Connection& connection, const Filter& filter, const Paging& paging);

/// Stores the fields that are present; the others get the defaults of the database, which also assigns the ID.
template <model::detail::Model T>
Id insert(Connection& connection, const T& record);

/// Changes the fields that are present, except the ID and the workflow.
/// @throws Refused not_found
template <model::detail::Model T>
void update(Connection& connection, Id id, const T& record);

/// @returns the deleted record
/// @throws Refused not_found
template <model::detail::Model T>
T remove(Connection& connection, Id id);

/// Deletes all records of one workflow. @returns how many
template <model::detail::Model T>
std::int64_t remove_all(Connection& connection, Id workflow_id);

/// The workflow that a record belongs to, or nothing if the record does not exist.
template <model::detail::Model T>
std::optional<Id> workflow_of(Connection& connection, Id id);

/// @throws Refused not_found
void require_workflow(Connection& connection, Id workflow_id);

}  // namespace torc::store
