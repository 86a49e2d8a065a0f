#pragma once

#include <sys/stat.h>

#include <memory>
#include <string>

#include <SQLiteCpp/Database.h>

namespace torc::store {

/// A database that is only looked at: opened read-only and hardened, whoever owns it. A server may be at work on it.
///
/// It never opens the database for writing. A database without a log is read as it is, without locks, if SQLite would
/// make a log beside it or if it belongs to another user; require_unchanged tells whether that was sound. Beside a log
/// that a killed server left, SQLite may make the log's index (-shm).
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

  /// To be called after the last question, as its answers hold only then.
  /// @throws base::Error if the database is read without locks and something began to use it meanwhile
  void require_unchanged() const;

 private:
  std::string m_path;
  struct stat m_before {};
  bool m_is_without_locks{false};
  std::unique_ptr<SQLite::Database> m_database;
};

}  // namespace torc::store
