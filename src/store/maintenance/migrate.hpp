#pragma once

#include <string>
#include <vector>

#include "store/maintenance/migrations.hpp"
#include "torc/store/connection.hpp"

namespace torc::store {

/// Creates a new database from the current schema, or runs the migrations that the database has not had yet, in one
/// transaction: if it is interrupted, the old database remains. An older database that is not empty is first copied to
/// PATH.before-vN, where N is the version that it gets.
/// @throws base::Error if the database is newer, belongs to another program, or cannot be copied, or if a migration
/// fails
/// @throws StorageError
void migrate(Connection& connection, const std::string& path, const std::vector<Migration>& steps);

}  // namespace torc::store
