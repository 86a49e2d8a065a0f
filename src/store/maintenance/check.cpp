#include <sys/stat.h>

#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

#include "store/maintenance/hardening.hpp"
#include "store/maintenance/migrations.hpp"
#include "store/maintenance/read_only.hpp"
#include "store/query.hpp"
#include "store/records/references.hpp"
#include "torc/base/file.hpp"
#include "torc/model/job_status.hpp"
#include "torc/store/maintenance.hpp"

namespace torc::store {
namespace {

/// The first problems of a damaged database are enough.
constexpr int k_max_problems = 100;

std::int64_t size_of(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::int64_t>(status.st_size) : 0;
}

std::map<std::string, std::int64_t> count_by_status(SQLite::Database& database, const char* table) {
  std::map<std::string, std::int64_t> counts;
  SQLite::Statement rows{database, fmt::format("SELECT status, count(*) FROM {} GROUP BY status", table)};
  while (rows.executeStep()) {
    const auto status = static_cast<model::JobStatus>(rows.getColumn(0).getInt());
    counts[model::to_string(status)] += rows.getColumn(1).getInt64();
  }
  return counts;
}

void check_pages(SQLite::Database& database, Check& check) {
  SQLite::Statement lines{database, fmt::format("PRAGMA integrity_check({})", k_max_problems)};
  while (lines.executeStep()) {
    if (std::string line = lines.getColumn(0).getString(); line != "ok") {
      check.problems.push_back("damaged: " + std::move(line));
    }
  }
}

void check_missing_rows(SQLite::Database& database, Check& check) {
  SQLite::Statement rows{database, "PRAGMA foreign_key_check"};
  for (int found = 0; found < k_max_problems && rows.executeStep(); ++found) {
    check.problems.push_back(fmt::format("row {} of {} refers to a missing row of {}", rows.getColumn(1).getString(),
                                         rows.getColumn(0).getString(), rows.getColumn(2).getString()));
  }
}

void check_json(SQLite::Database& database, Check& check) {
  find_malformed_json(database, k_max_problems, check);
}

void check_workflows(SQLite::Database& database, Check& check) {
  find_foreign_references(database, k_max_problems, check);
}

void check_schema(SQLite::Database& database, Check& check) {
  check.version = database.execAndGet("PRAGMA user_version").getInt64();
  check.newest_version = static_cast<std::int64_t>(migrations().size());
  if (check.version < 1) {
    check.problems.emplace_back("not a database of torc: it has no version");
  } else if (check.version > check.newest_version) {
    check.problems.push_back(
        fmt::format("version {} is newer than the versions that this torc supports (up to {}); use a newer torc",
                    check.version, check.newest_version));
  }
}

void check_foreign_code(SQLite::Database& database, Check& check) {
  if (const auto found = foreign_code(database); !found.empty()) {
    check.problems.push_back(
        fmt::format("contains objects that torc does not create, so no server uses it: {}", found));
  }
}

void count(SQLite::Database& database, Check& check) {
  check.server_id = database.execAndGet("SELECT server_id FROM server").getString();
  check.workflows = database.execAndGet("SELECT count(*) FROM workflows").getInt64();
  check.jobs = count_by_status(database, "jobs");
  check.results = count_by_status(database, "results");
}

/// Runs one step. A failure because of a damaged file is a result, too.
template <typename Step>
void attempt(SQLite::Database& database, Check& check, const char* what, Step step) {
  try {
    step(database, check);
  } catch (const SQLite::Exception& error) {
    check.problems.push_back(fmt::format("{}: {}", what, error.what()));
  }
}

}  // namespace

Check check_database(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    throw base::SystemError(fmt::format("cannot read the database {}", path));
  }
  Check check;
  check.bytes = size_of(path) + size_of(base::real_path(path).string() + "-wal");
  try {
    ReadOnlyDatabase opened{path};
    SQLite::Database& database = *opened;
    std::optional<SQLite::Transaction> snapshot;
    attempt(database, check, "cannot take a snapshot", [&](auto& held, auto&) { snapshot.emplace(held); });
    attempt(database, check, "cannot read the version", check_schema);
    attempt(database, check, "cannot check for triggers and views", check_foreign_code);
    if (check.version >= 1) {
      attempt(database, check, "cannot check for damage", check_pages);
      attempt(database, check, "cannot check for missing rows", check_missing_rows);
      if (check.version >= 2) {
        attempt(database, check, "cannot check for malformed JSON", check_json);
        attempt(database, check, "cannot check for references between workflows", check_workflows);
      }
      attempt(database, check, "cannot count workflows, jobs and results", count);
    }
    opened.require_unchanged();
  } catch (const SQLite::Exception& error) {
    throw base::Error(fmt::format("cannot open the database {}: {}", path, error.what()));
  }
  return check;
}

}  // namespace torc::store
