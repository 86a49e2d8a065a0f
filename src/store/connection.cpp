#include "torc/store/connection.hpp"

#include <sqlite3.h>

#include <filesystem>

#include <fmt/format.h>

#include "store/maintenance/database_file.hpp"
#include "store/maintenance/hardening.hpp"
#include "store/maintenance/migrate.hpp"
#include "store/query.hpp"
#include "torc/base/strings.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

int open_flags(Connection::Mode mode) {
  const int access =
      mode == Connection::Mode::write ? SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE : SQLite::OPEN_READONLY;
  return access | SQLITE_OPEN_NOMUTEX;
}

bool is_missing_or_empty(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return error || size == 0;
}

void run(Connection& connection, std::string_view sql) {
  execute(connection, sql);
}

void refuse_foreign_code(Connection& connection, const std::string& path) {
  try {
    if (const auto found = foreign_code(connection.impl().database); !found.empty()) {
      throw base::Error(
          fmt::format("the database {} contains objects that torc does not create: {}; they could change data, so "
                      "remove them with sqlite3 (DROP TRIGGER, DROP VIEW, DROP TABLE), or restore a backup",
                      path, base::printable(found)));
    }
  } catch (const SQLite::Exception& error) {
    rethrow(connection.impl(), error);
  }
}

}  // namespace

Connection::Impl::Impl(const std::string& path, Mode open_mode, Durability durability)
    : is_new(is_missing_or_empty(path)), database(path, open_flags(open_mode), k_busy_timeout_ms), mode(open_mode) {
  try {
    harden(database);
    if (mode == Mode::write) {
      if (is_new) {
        // A rollback would only restore an empty file, so a journal on disk, which is synced three times, is not
        // needed.
        database.exec("PRAGMA journal_mode = MEMORY");
      }
      database.exec("PRAGMA journal_mode = WAL");
      database.exec(durability == Durability::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
      database.exec("PRAGMA foreign_keys = ON");
    }
    // In KiB. Beyond this size the operating system's cache is used, so a server's memory does not grow with its
    // database.
    database.exec(mode == Mode::write ? "PRAGMA cache_size = -32768" : "PRAGMA cache_size = -8192");
    database.exec("PRAGMA temp_store = MEMORY");
  } catch (const SQLite::Exception& error) {
    if (is_disk_full(database, error)) {
      throw base::Error(
          fmt::format("cannot open the database {}: its disk is full; nothing was changed. Free some space", path));
    }
    if (is_busy(error.getErrorCode())) {
      // Determined before this connection is closed, because closing it may remove the locked file.
      const std::string holder = lock_holders_of(path);
      throw base::Error(fmt::format("cannot open the database {}: another process has it locked: {}", path,
                                    holder.empty() ? "one that cannot be seen from here" : holder));
    }
    throw;
  }
}

Connection::Connection(const std::string& path, Mode mode, Durability durability) {
  try {
    m_impl = std::make_unique<Impl>(path, mode, durability);
  } catch (const SQLite::Exception& error) {
    throw base::Error(fmt::format("cannot open the database {}: {}", path, error.what()));
  }
}

Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

void Connection::set_busy_timeout(std::chrono::milliseconds timeout) {
  sqlite3_busy_timeout(m_impl->database.getHandle(), static_cast<int>(timeout.count()));
}

void Connection::begin() {
  run(*this, m_impl->mode == Mode::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

void Connection::commit() {
  run(*this, "COMMIT");
}

void Connection::rollback() noexcept {
  if (in_transaction()) {
    try {
      run(*this, "ROLLBACK");
    } catch (const std::exception&) {
      // SQLite has already rolled back, or will when the connection is closed.
    }
  }
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(m_impl->database.getHandle()) == 0;
}

void Connection::savepoint() {
  run(*this, "SAVEPOINT request");
}

void Connection::release_savepoint() {
  run(*this, "RELEASE request");
}

void Connection::rollback_to_savepoint() {
  run(*this, "ROLLBACK TO request");
  run(*this, "RELEASE request");
}

Changes& Connection::changes() {
  return m_impl->changes;
}

Database::Database(const std::string& path, Durability durability, base::Owner owner)
    : m_file(std::make_unique<DatabaseFile>(path, owner)), m_durability(durability) {
  m_first.emplace(open(Connection::Mode::write));
  const auto remember_log_files = [this] {
    try {
      m_file->remember_log_files();
    } catch (const base::Error&) {
      // Otherwise SQLite would copy the log, which another user may have written, into the database when it closes.
      sqlite3_db_config(m_first->impl().database.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
      throw;
    }
  };
  try {
    // An empty transaction makes SQLite open its log, which must be checked before anything is changed.
    Transaction{*m_first}.commit();
    remember_log_files();
    refuse_foreign_code(*m_first, this->path());
    migrate(*m_first, this->path(), migrations());
    m_server_id = store::server_id(*m_first);
  } catch (const StorageError& error) {
    throw base::Error(fmt::format("cannot use the database {}: {}", this->path(), error.what()));
  }
  remember_log_files();
}

Database::~Database() = default;

const std::string& Database::path() const {
  return m_file->path();
}

std::optional<std::string> Database::displacement() const {
  return m_file->displacement();
}

}  // namespace torc::store
