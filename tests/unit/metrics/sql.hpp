#pragma once

#include <filesystem>
#include <string>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

namespace torc::metrics {

/// Runs statements on a database file, which is created if it does not exist.
inline void run_sql(const std::filesystem::path& path, const std::string& sql) {
  SQLite::Database database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.exec(sql);
}

/// All rows of a query, one per line, cells separated by '|'.
inline std::string rows_of(const std::filesystem::path& path, const std::string& sql) {
  SQLite::Database database(path.string(), SQLite::OPEN_READONLY);
  SQLite::Statement rows(database, sql);
  std::string text;
  while (rows.executeStep()) {
    for (int i = 0; i < rows.getColumnCount(); ++i) {
      text += (i > 0 ? "|" : "") + rows.getColumn(i).getString();
    }
    text += "\n";
  }
  return text;
}

}  // namespace torc::metrics
