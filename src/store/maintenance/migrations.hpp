#pragma once

#include <string_view>
#include <vector>

namespace torc::store {

/// One step of the schema: the SQL text of migrations/NAME.sql.
struct Migration {
  std::string_view name;
  std::string_view sql;
};

/// All migrations in order; a database of version N has had the first N. Generated at build time.
const std::vector<Migration>& migrations();

/// The SQL text of migrations/schema.sql: the result of all migrations, for a new database. It takes half the time of
/// running them, because each ALTER TABLE makes SQLite read the whole schema again.
std::string_view schema();

}  // namespace torc::store
