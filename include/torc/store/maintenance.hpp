#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/store/connection.hpp"

namespace torc::store {

/// What to do if the target file exists.
enum class Existing { refuse, replace };

struct Backup {
  std::int64_t bytes{0};
  std::int64_t version{0};  ///< The schema version.
};

/// Copies the current state of the database to `target`: one file, checked, and on disk when this returns. A server may
/// use the database meanwhile and is not delayed. Writes to TARGET.tmp-XXXXXXXX and renames that at the end. If
/// `target` is a link, the file that it refers to is replaced.
/// @param stop  Cancels the copy when requested, while pages are being copied.
/// @throws base::Error that names the file; `target` is then unchanged and the temporary file removed
Backup back_up(const std::string& database, const std::string& target, Existing existing,
               const std::stop_token& stop = {});

/// The contents of a database and the problems found in it.
struct Check {
  std::int64_t version{0};         ///< The schema version of the database.
  std::int64_t newest_version{0};  ///< The newest version that this program knows.
  std::string server_id{};
  std::int64_t bytes{0};                ///< Including SQLite's log.
  std::vector<std::string> problems{};  ///< One line per problem; empty if there are none.
  std::int64_t workflows{0};
  std::map<std::string, std::int64_t> jobs{};     ///< Number of jobs per status.
  std::map<std::string, std::int64_t> results{};  ///< Number of results per status.

  bool ok() const { return problems.empty(); }
};

/// Reads the whole database. A server may use it meanwhile.
/// @throws base::Error if it does not exist or cannot be opened. Damage does not throw; it is reported in `problems`.
Check check_database(const std::string& path);

}  // namespace torc::store
