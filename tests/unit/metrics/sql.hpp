#pragma once

#include <filesystem>
#include <string>

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

namespace torc::metrics {

/// Runs statements on a database file, which is made where there is none.
inline void run_sql(const std::filesystem::path& path, const std::string& sql) {
  SQLite::Database database(path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.exec(sql);
}

/// All rows of a query, cells separated by '|', one row a line.
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
