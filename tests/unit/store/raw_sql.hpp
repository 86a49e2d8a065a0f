#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace torc::store {

/// Runs statements on a database file with plain SQLite. @returns the first column of the last row, or ""
inline std::string run_sql(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  EXPECT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  std::string answer;
  char* problem = nullptr;
  const auto keep = [](void* target, int, char** cells, char**) {
    *static_cast<std::string*>(target) = cells[0] == nullptr ? "" : cells[0];
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), keep, &answer, &problem), SQLITE_OK) << problem;
  sqlite3_free(problem);
  sqlite3_close(handle);
  return answer;
}

}  // namespace torc::store
