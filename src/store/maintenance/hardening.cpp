#include "store/maintenance/hardening.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <SQLiteCpp/Exception.h>
#include <fmt/format.h>

#include "torc/base/lock_holder.hpp"

namespace torc::store {

void harden(SQLite::Database& database, bool defensive) {
  sqlite3* const handle = database.getHandle();
  const std::array<std::pair<int, int>, 4> settings{{{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
                                                     {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
                                                     {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                                                     {SQLITE_DBCONFIG_DEFENSIVE, defensive ? 1 : 0}}};
  for (const auto& [setting, value] : settings) {
    if (const int code = sqlite3_db_config(handle, setting, value, nullptr); code != SQLITE_OK) {
      throw SQLite::Exception(handle, code);
    }
  }
  database.exec("PRAGMA cell_size_check = ON");
}

std::string foreign_code(SQLite::Database& database) {
  return database
      .execAndGet(
          "SELECT coalesce(group_concat(what, ', '), '') FROM (SELECT CASE WHEN type = 'table' THEN 'virtual table' "
          "ELSE type END || ' ' || name AS what FROM sqlite_schema WHERE type IN ('trigger', 'view') "
          "OR sql LIKE 'CREATE VIRTUAL%' LIMIT 10)")
      .getString();
}

std::string lock_holders_of(const std::string& path) {
  auto holders = base::lock_holders(path);
  const auto of_log = base::lock_holders(path + "-shm");
  holders.insert(holders.end(), of_log.begin(), of_log.end());
  std::erase_if(holders, [](const auto& holder) { return holder.pid == ::getpid(); });
  std::sort(holders.begin(), holders.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  holders.erase(
      std::unique(holders.begin(), holders.end(), [](const auto& a, const auto& b) { return a.pid == b.pid; }),
      holders.end());
  return base::describe(holders);
}

}  // namespace torc::store
