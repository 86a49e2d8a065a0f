#pragma once

#include <string_view>
#include <vector>

namespace torc::store {

/// One step of the schema: the SQL text of migrations/NAME.sql.
struct Migration {
  std::string_view name;
  std::string_view sql;
};

/// All steps in order; a database of version N has had the first N. Generated at build time.
const std::vector<Migration>& migrations();

/// The SQL text of migrations/schema.sql: what all steps together come to, for a new database. Their ALTER TABLEs make
/// SQLite read the whole schema once more each, half of the time of making one.
std::string_view schema();

}  // namespace torc::store
