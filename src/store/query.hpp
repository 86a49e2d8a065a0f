#pragma once

// Statements of one connection: prepared once, used many times.

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

/// k_busy_timeout as SQLiteCpp takes it.
inline constexpr int k_busy_timeout_ms{k_busy_timeout.count()};

struct CachedStatement {
  SQLite::Statement statement;
  bool in_use{false};
};

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// Of a compute node.
struct SignOfLife {
  Id workflow_id{0};
  std::chrono::steady_clock::time_point seen{};  ///< The last one.
  std::int64_t written{0};                       ///< When one was last written down, in milliseconds since 1970.
};

struct Connection::Impl {
  Impl(const std::string& path, Mode open_mode, Durability durability);

  bool is_new;  ///< There was no file before. First, since opening makes one.
  SQLite::Database database;
  Mode mode;
  std::unordered_map<std::string, std::unique_ptr<CachedStatement>, TextHash, std::equal_to<>> statements;
  Changes changes{};
  std::unordered_map<Id, SignOfLife> signs_of_life{};
};

/// Whether SQLite failed for want of room: on the disk, in the user's quota, under the process's limit.
/// @param database  The connection that failed; its system error tells what an I/O error came from.
bool is_disk_full(const SQLite::Database& database, const SQLite::Exception& error);

/// Whether SQLite's result code means that another process holds a lock, so that the same may succeed later.
bool is_busy(int code);

/// SQLite's exception as ours. @throws always: Refused for a broken constraint, else StorageError
[[noreturn]] void rethrow(const Connection::Impl& connection, const SQLite::Exception& error);

/// One run of a statement. Takes it from the connection's cache and puts it back, reset, at the end of its life.
class Query {
 public:
  Query(Connection& connection, std::string_view sql);
  Query(Query&& other) noexcept;
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  Query& operator=(Query&&) = delete;
  ~Query();

  /// Gives the next parameter its value.
  template <typename T>
  Query& bind(const T& value) {
    try {
      bind_at(++m_parameters, value);
    } catch (const SQLite::Exception& error) {
      rethrow(m_connection, error);
    }
    return *this;
  }

  /// Goes on to the next row; false after the last.
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
  std::unique_ptr<CachedStatement> m_own;  ///< Where the cached one was in use already.
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

/// Runs a change. @returns how many rows it changed
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
