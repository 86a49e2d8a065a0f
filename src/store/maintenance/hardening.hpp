#pragma once

#include <string>

#include <SQLiteCpp/Database.h>

namespace torc::store {

/// Keeps everything in a database file except data from having any effect: disables triggers and views, keeps functions
/// with side effects from the schema, and checks for damaged cells before they are used. Foreign keys still work. Call
/// this before the first statement of a connection. https://www.sqlite.org/security.html
/// @param defensive  Also forbid operations that only make sense while a database is being built (PRAGMA journal_mode =
/// OFF).
/// @throws SQLite::Exception
void harden(SQLite::Database& database, bool defensive = true);

/// Names the triggers, views and virtual tables of a database, such as "trigger evil, view v"; "" if there are none. No
/// version of this program creates any.
/// @throws SQLite::Exception
std::string foreign_code(SQLite::Database& database);

/// The processes, other than this one, that hold SQLite's locks on the database: "process 12 (sqlite3)", or "" if none
/// is found.
std::string lock_holders_of(const std::string& path);

}  // namespace torc::store
