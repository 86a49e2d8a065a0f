#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>

#include <SQLiteCpp/Database.h>

namespace torc::store {

/// A database that is only read: opened read-only and hardened, regardless of its owner. A server may use it meanwhile.
///
/// The database is never opened for writing. A database without a log is read without locks if SQLite would create a
/// log beside it or if it belongs to another user; require_unchanged reports whether that was safe. If a killed server
/// left a log, SQLite may create the log's index (-shm).
class ReadOnlyDatabase {
 public:
  /// @param path  Links are followed.
  /// @throws SQLite::Exception; base::Error if the database or a file beside it is not a regular file
  explicit ReadOnlyDatabase(const std::string& path);
  ReadOnlyDatabase(const ReadOnlyDatabase&) = delete;
  ReadOnlyDatabase& operator=(const ReadOnlyDatabase&) = delete;
  ~ReadOnlyDatabase() = default;

  SQLite::Database& operator*() { return *m_database; }
  SQLite::Database* operator->() { return m_database.get(); }

  /// Call this after the last query; the results are valid only if it does not throw.
  /// @throws base::Error if the database is read without locks and another process began to use it meanwhile
  void require_unchanged() const;

 private:
  std::string m_path;
  struct stat m_before {};
  bool m_is_without_locks{false};
  std::unique_ptr<SQLite::Database> m_database;
};

}  // namespace torc::store
