#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/store/connection.hpp"

namespace torc::store {

/// What becomes of a file that stands where one is to be made.
enum class Existing { refuse, replace };

struct Backup {
  std::int64_t bytes{0};
  std::int64_t version{0};  ///< Of its schema.
};

/// Copies the database as it is at this moment to `target`: a file of its own, checked, on disk when this returns. A
/// server may be at work on the database; it is not held up. Written to TARGET.tmp-XXXXXXXX and renamed at the end; of
/// a link, what it leads to is replaced.
/// @param stop  Gives up when requested, while pages are copied.
/// @throws base::Error that names the file; `target` is then as it was and the temporary file is gone
Backup back_up(const std::string& database, const std::string& target, Existing existing,
               const std::stop_token& stop = {});

/// What is in a database and what is wrong with it.
struct Check {
  std::int64_t version{0};         ///< Of its schema.
  std::int64_t newest_version{0};  ///< That this program makes.
  std::string server_id{};
  std::int64_t bytes{0};                ///< With what SQLite's log beside it holds.
  std::vector<std::string> problems{};  ///< A line each; empty: nothing is wrong.
  std::int64_t workflows{0};
  std::map<std::string, std::int64_t> jobs{};     ///< State: how many.
  std::map<std::string, std::int64_t> results{};  ///< The same of results.

  bool ok() const { return problems.empty(); }
};

/// Reads the whole database. A server may be at work on it.
/// @throws base::Error where there is none or it cannot be opened; damage is a problem in the answer
Check check_database(const std::string& path);

}  // namespace torc::store
