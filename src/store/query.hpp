#pragma once

// Prepared statements of one connection, which are reused.

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <nlohmann/json.hpp>

#include "torc/model/job_status.hpp"
#include "torc/model/json.hpp"
#include "torc/store/connection.hpp"

namespace torc::store {

/// k_busy_timeout in the type that SQLiteCpp expects.
inline constexpr int k_busy_timeout_ms{k_busy_timeout.count()};

struct CachedStatement {
  SQLite::Statement statement;
  bool in_use{false};
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// Contact with a compute node.
struct SignOfLife {
  Id workflow_id{0};
  std::chrono::steady_clock::time_point seen{};  ///< Time of the last contact.
  std::int64_t written{0};  ///< When a contact was last stored in the database, in milliseconds since 1970.
};

struct Connection::Impl {
  Impl(const std::string& path, Mode open_mode, Durability durability);

  bool is_new;  ///< The file did not exist before. Initialized first, because opening creates the file.
  SQLite::Database database;
  Mode mode;
  std::unordered_map<std::string, std::unique_ptr<CachedStatement>, TextHash, std::equal_to<>> statements;
  Changes changes{};
  std::unordered_map<Id, SignOfLife> signs_of_life{};
};

/// Whether SQLite failed for lack of space: on the disk, in the user's quota, or under the process's file size limit.
/// @param database  The connection that failed; its system error is the cause of an I/O error.
bool is_disk_full(const SQLite::Database& database, const SQLite::Exception& error);

/// Whether SQLite's result code means that another process holds a lock, so that a retry may succeed.
bool is_busy(int code);

/// Converts an exception of SQLite. @throws always: Refused for a violated constraint, otherwise StorageError
[[noreturn]] void rethrow(const Connection::Impl& connection, const SQLite::Exception& error);

/// One execution of a statement. Takes the statement from the connection's cache and returns it, reset, on destruction.
class Query {
 public:
  Query(Connection& connection, std::string_view sql);
  Query(Query&& other) noexcept;
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query& operator=(Query&&) = delete;
  ~Query();

  /// Binds the next parameter.
  template <typename T>
  Query& bind(const T& value) {
    try {
      bind_at(++m_parameters, value);
    } catch (const SQLite::Exception& error) {
      rethrow(m_connection, error);
    }
    return *this;
  }

  /// Moves to the next row. @returns false after the last
  bool step();

  bool null(int column) const { return statement().isColumnNull(column); }
  template <typename T>
  T get(int column) const;

 private:
  SQLite::Statement& statement() const { return m_cached->statement; }

  template <typename T>
  void bind_at(int index, const T& value) {
    if constexpr (model::detail::IsOptional<T>::value) {
      if (value) {
        bind_at(index, *value);
      } else {
        statement().bind(index);
      }
    } else if constexpr (model::detail::Model<T>) {
      bind_at(index, model::to_json(value));
    } else if constexpr (std::is_same_v<T, nlohmann::json>) {
      statement().bind(index, model::dump_json(value));
    } else if constexpr (std::is_enum_v<T>) {
      statement().bind(index, static_cast<std::int32_t>(value));
    } else if constexpr (std::is_same_v<T, bool>) {
      statement().bind(index, value ? 1 : 0);
    } else if constexpr (std::is_integral_v<T>) {
      statement().bind(index, static_cast<std::int64_t>(value));
    } else if constexpr (std::is_floating_point_v<T>) {
      statement().bind(index, static_cast<double>(value));
    } else {
      statement().bind(index, std::string(value));
    }
  }

  Connection::Impl& m_connection;
  CachedStatement* m_cached;
  std::unique_ptr<CachedStatement> m_own;  ///< Used if the cached statement is already in use.
  int m_parameters{0};
};

template <typename T>
T Query::get(int column) const {
  const SQLite::Column cell = statement().getColumn(column);
  if constexpr (model::detail::IsOptional<T>::value) {
    if (cell.isNull()) {
      return std::nullopt;
    }
    return get<typename T::value_type>(column);
  } else if constexpr (model::detail::Model<T>) {
    return model::from_json<T>(get<nlohmann::json>(column));
  } else if constexpr (std::is_same_v<T, nlohmann::json>) {
    return nlohmann::json::parse(cell.getString());
  } else if constexpr (std::is_enum_v<T>) {
    return static_cast<T>(cell.getInt());
  } else if constexpr (std::is_same_v<T, bool>) {
    return cell.getInt() != 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(cell.getInt64());
  } else if constexpr (std::is_floating_point_v<T>) {
    return cell.getDouble();
  } else {
    return cell.getString();
  }
}

/// A query with its parameters bound.
template <typename... Values>
Query query(Connection& connection, std::string_view sql, const Values&... values) {
  Query result{connection, sql};
  (result.bind(values), ...);
  return result;
}

/// Executes a change. @returns the number of changed rows
template <typename... Values>
std::int64_t execute(Connection& connection, std::string_view sql, const Values&... values) {
  Query change = query(connection, sql, values...);
  while (change.step()) {
  }
  return connection.impl().database.getChanges();
}

/// The first column of the first row, if there is a row.
template <typename T, typename... Values>
std::optional<T> value(Connection& connection, std::string_view sql, const Values&... values) {
  Query row = query(connection, sql, values...);
  if (!row.step()) {
    return std::nullopt;
  }
  return row.get<T>(0);
}

/// The first column of every row.
template <typename T, typename... Values>
std::vector<T> column(Connection& connection, std::string_view sql, const Values&... values) {
  std::vector<T> result;
  Query rows = query(connection, sql, values...);
  while (rows.step()) {
    result.push_back(rows.get<T>(0));
  }
  return result;
}

}  // namespace torc::store
