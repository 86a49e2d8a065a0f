#pragma once

#include <string>

#include <SQLiteCpp/Database.h>

namespace torc::store {

/// Keeps what a database file holds beside data from having any effect: triggers and views are off, functions with side
/// effects are closed to its schema, and damaged cells are found before they are used. Foreign keys work on. To be
/// called before the first statement of a connection. https://www.sqlite.org/security.html
/// @param defensive  Also forbids what only makes sense on a database that is being built (PRAGMA journal_mode = OFF).
/// @throws SQLite::Exception
void harden(SQLite::Database& database, bool defensive = true);

/// Names the triggers, views and virtual tables of a database: no version of this program makes any.
/// "trigger evil, view v", or "" if there are none.
/// @throws SQLite::Exception
std::string foreign_code(SQLite::Database& database);

/// Who holds SQLite's locks on the database, other than this process: "process 12 (sqlite3)", or "" if nobody is found.
std::string lock_holders_of(const std::string& path);

}  // namespace torc::store
