#include "store/maintenance/migrate.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "store/query.hpp"
#include "torc/base/log.hpp"
#include "torc/base/random.hpp"
#include "torc/store/maintenance.hpp"

namespace torc::store {
namespace {

/// A name that is free: copies of earlier upgrades, of a database that was put back for example, stay.
std::string name_of_copy(const std::string& path, std::size_t version) {
  const std::string name = fmt::format("{}.before-v{}", path, version);
  std::string free = name;
  for (int number = 2; std::filesystem::exists(free); ++number) {
    free = fmt::format("{}-{}", name, number);
  }
  return free;
}

std::string keep_copy(const std::string& path, std::size_t version) {
  std::string copy = name_of_copy(path, version);
  try {
    back_up(path, copy, Existing::refuse);
  } catch (base::Error& error) {
    error.add_context(
        fmt::format("the database {} is older than this torc and must be brought up to date, but no copy of it "
                    "can be kept, so nothing was changed",
                    path));
    throw;
  }
  base::log_warning("the database {} is brought up to date (version {}); as it was, it is kept as {}", path, version,
                    copy);
  return copy;
}

void set_version(Connection& connection, std::size_t version) {
  connection.impl().database.exec(fmt::format("PRAGMA user_version = {}", version));
}

void run_steps(Connection& connection, std::size_t version, const std::vector<Migration>& steps) {
  auto& database = connection.impl().database;
  Transaction transaction{connection};
  try {
    for (std::size_t i = version; i < steps.size(); ++i) {
      database.exec(std::string{steps[i].sql});
    }
    set_version(connection, steps.size());
  } catch (const SQLite::Exception& error) {
    rethrow(connection.impl(), error);
  }
  transaction.commit();
}

void make_new(Connection& connection, std::size_t version) {
  Transaction transaction{connection};
  try {
    connection.impl().database.exec(std::string{schema()});
    execute(connection, "INSERT INTO server (server_id) VALUES (?)", base::random_uuid());
    set_version(connection, version);
  } catch (const SQLite::Exception& error) {
    rethrow(connection.impl(), error);
  }
  transaction.commit();
}

}  // namespace

void migrate(Connection& connection, const std::string& path, const std::vector<Migration>& steps) {
  const auto version = static_cast<std::size_t>(value<std::int64_t>(connection, "PRAGMA user_version").value_or(0));
  if (version > steps.size()) {
    throw base::Error(
        fmt::format("the database {} is of version {}, this torc knows versions up to {}; use a newer torc", path,
                    version, steps.size()));
  }
  if (version == steps.size()) {
    return;
  }
  if (version == 0 && value<std::int64_t>(connection, "SELECT count(*) FROM sqlite_schema").value_or(0) != 0) {
    throw base::Error(
        fmt::format("{} is a database of another program (torc 0.23 keeps its workflows in another layout); give "
                    "another --database",
                    path));
  }
  if (version == 0) {
    try {
      make_new(connection, steps.size());
    } catch (base::Error& error) {
      error.add_context(fmt::format("cannot make the database {}", path));
      throw;
    }
    return;
  }
  const std::string copy = keep_copy(path, steps.size());
  try {
    run_steps(connection, version, steps);
  } catch (base::Error& error) {
    // The database is as it was; a start that is tried again and again must not fill the disk with copies.
    std::error_code ignored;
    std::filesystem::remove(copy, ignored);
    throw base::Error(fmt::format("cannot bring the database {} up to date, it is as it was: {}", path, error.what()));
  }
}

}  // namespace torc::store
