#pragma once

#include <SQLiteCpp/Database.h>

namespace torc::metrics {

/// Disables triggers, views, and schema functions with side effects in a database file that may come from another user.
/// Call this before the first statement. See https://www.sqlite.org/security.html
/// @throws SQLite::Exception
void harden(SQLite::Database& database);

}  // namespace torc::metrics
