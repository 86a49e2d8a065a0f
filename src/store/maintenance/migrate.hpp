#pragma once

#include <string>
#include <vector>

#include "store/maintenance/migrations.hpp"
#include "torc/store/connection.hpp"

namespace torc::store {

/// Makes a new database by the schema as it is now; else runs the steps that the database has not had yet, in one
/// transaction: an interrupted start leaves the old database. An older database that holds something is copied to
/// PATH.before-vN first, N being the version it gets.
/// @throws base::Error for a newer database, one that is not ours, one that cannot be copied, a step that fails
/// @throws StorageError
void migrate(Connection& connection, const std::string& path, const std::vector<Migration>& steps);

}  // namespace torc::store
