#include "metrics/hardening.hpp"

#include <sqlite3.h>

#include <SQLiteCpp/Exception.h>

namespace torc::metrics {

void harden(SQLite::Database& database) {
  for (const int setting :
       {SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_TRUSTED_SCHEMA}) {
    if (const int code = sqlite3_db_config(database.getHandle(), setting, 0, nullptr); code != SQLITE_OK) {
      throw SQLite::Exception(database.getHandle(), code);
    }
  }
}

}  // namespace torc::metrics
