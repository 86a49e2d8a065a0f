#pragma once

// What every kind of record has in common: made, read, listed, changed and deleted by its id. Kinds: the models that
// store/tables.hpp gives a table.

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

/// Which rows a listing takes. Conditions are this program's own text; values are always bound.
class Filter {
 public:
  Filter& equals(const std::string& column, Value value) { return where(column + " = ?", std::move(value)); }
  /// `condition` holds one '?'.
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
  std::string sort_by{};  ///< A field's name; others are passed over. Equal ones are in the order of their ids.
  bool reverse{false};
};

template <model::detail::Model T>
std::optional<T> find(Connection& connection, Id id);

/// @throws Refused not_found
template <model::detail::Model T>
T get(Connection& connection, Id id);

template <model::detail::Model T>
model::Page<T> list(Connection& connection, const Filter& filter, const Paging& paging);

/// Keeps the fields that are present; the others get the database's defaults. The id is the database's, too.
template <model::detail::Model T>
Id insert(Connection& connection, const T& record);

/// Changes the fields that are present; id and workflow stay.
/// @throws Refused not_found
template <model::detail::Model T>
void update(Connection& connection, Id id, const T& record);

/// @returns what it was
/// @throws Refused not_found
template <model::detail::Model T>
T remove(Connection& connection, Id id);

/// Deletes those of one workflow. @returns how many
template <model::detail::Model T>
std::int64_t remove_all(Connection& connection, Id workflow_id);

/// The workflow that a record belongs to; nothing where there is no such record.
template <model::detail::Model T>
std::optional<Id> workflow_of(Connection& connection, Id id);

/// @throws Refused not_found
void require_workflow(Connection& connection, Id workflow_id);

}  // namespace torc::store
