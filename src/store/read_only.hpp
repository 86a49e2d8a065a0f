#pragma once

#include <memory>
#include <string>

#include <SQLiteCpp/Database.h>

namespace torc::store {

/// A database that is only looked at: opened read-only and hardened, whoever owns it. A server may be at work on it.
class ReadOnlyDatabase {
 public:
  /// @throws SQLite::Exception
  explicit ReadOnlyDatabase(const std::string& path);
  ReadOnlyDatabase(const ReadOnlyDatabase&) = delete;
  ReadOnlyDatabase& operator=(const ReadOnlyDatabase&) = delete;
  /// Leaves beside the database what was there before.
  ~ReadOnlyDatabase();

  SQLite::Database& operator*() { return *m_database; }
  SQLite::Database* operator->() { return m_database.get(); }

 private:
  std::string m_path;
  bool m_had_log;
  bool m_is_own;
  std::unique_ptr<SQLite::Database> m_database;
};

}  // namespace torc::store
