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

}  // namespace torc::store
