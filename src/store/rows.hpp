#pragma once

// Conversion of rows to models: each field is read from the column of its name. ID lists have tables of their own.

#include <string>
#include <string_view>

#include "store/query.hpp"
#include "store/tables.hpp"

namespace torc::store {

/// Whether a field of type `Member` is stored in a column.
template <typename Member>
constexpr bool is_column() {
  if constexpr (model::detail::IsOptional<Member>::value) {
    return is_column<typename Member::value_type>();
  } else {
    return !model::detail::IsVector<Member>::value;
  }
}

/// "t.id, t.workflow_id, ..." for `table` = "t".
template <typename T>
const std::string& select_list() {
  static const std::string list = [] {
    std::string result;
    T model{};
    model.visit([&](const char* name, const auto& member) {
      if constexpr (is_column<std::decay_t<decltype(member)>>()) {
        result += result.empty() ? "" : ", ";
        result += Table<T>::k_name;
        result += '.';
        result += name;
      }
    });
    return result;
  }();
  return list;
}

/// The model in the row's columns from `first` on, in the order of `select_list`.
template <typename T>
T read_row(const Query& row, int first = 0) {
  T result{};
  int index = first;
  result.visit([&](const char*, auto& member) {
    using Member = std::decay_t<decltype(member)>;
    if constexpr (is_column<Member>()) {
      member = row.get<Member>(index++);
    }
  });
  return result;
}

}  // namespace torc::store
