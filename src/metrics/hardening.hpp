#pragma once

#include <SQLiteCpp/Database.h>

namespace torc::metrics {

/// Keeps triggers and views of a file, which another user may have made, from running, and functions with side effects
/// from its schema. To be called before the first statement. https://www.sqlite.org/security.html
/// @throws SQLite::Exception
void harden(SQLite::Database& database);

}  // namespace torc::metrics
