#include "store/maintenance/migrate.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "store/query.hpp"
#include "torc/base/log.hpp"
#include "torc/base/random.hpp"
#include "torc/store/maintenance.hpp"

namespace torc::store {
namespace {

/// An unused name. Copies from earlier upgrades (of a database that was later restored, for example) are kept.
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
        fmt::format("the database {} is older than this torc and must be upgraded, but it cannot be copied "
                    "first, so nothing was changed",
                    path));
    throw;
  }
  base::log_warning("upgrading the database {} to version {}; the old one is kept as {}", path, version, copy);
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
        fmt::format("the database {} has version {}, but this torc supports only versions up to {}; use a newer torc",
                    path, version, steps.size()));
  }
  if (version == steps.size()) {
    return;
  }
  if (version == 0 && value<std::int64_t>(connection, "SELECT count(*) FROM sqlite_schema").value_or(0) != 0) {
    throw base::Error(
        fmt::format("{} is a database of another program (the databases of torc 0.23 have another layout); specify "
                    "another --database",
                    path));
  }
  if (version == 0) {
    try {
      make_new(connection, steps.size());
    } catch (base::Error& error) {
      error.add_context(fmt::format("cannot create the database {}", path));
      throw;
    }
    return;
  }
  const std::string copy = keep_copy(path, steps.size());
  try {
    run_steps(connection, version, steps);
  } catch (base::Error& error) {
    // The database is unchanged. Repeated attempts to start must not fill the disk with copies.
    std::error_code ignored;
    std::filesystem::remove(copy, ignored);
    throw base::Error(fmt::format("cannot upgrade the database {}; it is unchanged: {}", path, error.what()));
  }
}

}  // namespace torc::store
