#include "store/query.hpp"

#include <sqlite3.h>

#include <cerrno>

#include <fmt/format.h>

#include "store/maintenance/hardening.hpp"

namespace torc::store {
namespace {

/// Listings with many combinations of filters produce many statements; above this number the cache is cleared.
constexpr std::size_t k_max_statements = 500;

std::unique_ptr<CachedStatement> prepare(Connection& connection, const std::string& sql) {
  try {
    return std::make_unique<CachedStatement>(CachedStatement{{connection.impl().database, sql}});
  } catch (const SQLite::Exception& error) {
    rethrow(connection.impl(), error);
  }
}

bool means_no_room(int system_error) {
  return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

/// SQLite reports a full disk as SQLITE_FULL only for plain writes. Quotas, limits and syncs are I/O errors, whose
/// cause is in the system error of the file.
bool failed_for_room(sqlite3* handle) {
  for (const int which : {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER}) {
    sqlite3_file* file = nullptr;
    int cause = 0;
    if (sqlite3_file_control(handle, "main", which, &file) == SQLITE_OK && file != nullptr &&
        file->pMethods != nullptr && file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &cause) == SQLITE_OK &&
        means_no_room(cause)) {
      return true;
    }
  }
  return means_no_room(sqlite3_system_errno(handle));
}

void forget_idle(Connection::Impl& impl) {
  std::erase_if(impl.statements, [](const auto& entry) { return !entry.second->in_use; });
}

}  // namespace

bool is_disk_full(const SQLite::Database& database, const SQLite::Exception& error) {
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_FULL:
      return true;
    case SQLITE_IOERR:
      // The -shm file could not grow; SQLite does not keep the system error.
      return error.getExtendedErrorCode() == SQLITE_IOERR_SHMSIZE || failed_for_room(database.getHandle());
    case SQLITE_CANTOPEN:
      return means_no_room(sqlite3_system_errno(database.getHandle()));
    default:
      return false;
  }
}

bool is_busy(int code) {
  const int primary = code & 0xff;
  return primary == SQLITE_BUSY || primary == SQLITE_PROTOCOL;
}

void rethrow(const Connection::Impl& connection, const SQLite::Exception& error) {
  const int code = error.getErrorCode() & 0xff;
  if (code == SQLITE_CONSTRAINT) {
    throw Refused(Refused::Reason::unprocessable, fmt::format("the database refuses the change: {}", error.what()));
  }
  if (is_busy(code)) {
    const char* const path = sqlite3_db_filename(connection.database.getHandle(), "main");
    const std::string holder = path == nullptr ? "" : lock_holders_of(path);
    throw StorageError(code, StorageError::Cause::busy,
                       fmt::format("database: another process has it locked: {}",
                                   holder.empty() ? "one that cannot be seen from here" : holder));
  }
  throw StorageError(
      code, is_disk_full(connection.database, error) ? StorageError::Cause::disk_full : StorageError::Cause::other,
      fmt::format("database: {}", error.what()));
}

Query::Query(Connection& connection, std::string_view sql) : m_connection(connection.impl()), m_cached(nullptr) {
  auto& impl = m_connection;
  auto it = impl.statements.find(sql);
  if (it == impl.statements.end()) {
    if (impl.statements.size() >= k_max_statements) {
      forget_idle(impl);
    }
    std::string text{sql};
    auto statement = prepare(connection, text);
    it = impl.statements.emplace(std::move(text), std::move(statement)).first;
  }
  m_cached = it->second.get();
  if (m_cached->in_use) {
    m_own = prepare(connection, std::string{sql});
    m_cached = m_own.get();
  }
  m_cached->in_use = true;
}

Query::Query(Query&& other) noexcept
    : m_connection(other.m_connection),
      m_cached(std::exchange(other.m_cached, nullptr)),
      m_own(std::move(other.m_own)),
      m_parameters(other.m_parameters) {}

Query::~Query() {
  if (m_cached != nullptr) {
    m_cached->statement.tryReset();
    // Large texts must not stay bound until the next use. Fails only for an invalid statement handle.
    m_cached->statement.clearBindings();
    m_cached->in_use = false;
  }
}

bool Query::step() {
  try {
    return statement().executeStep();
  } catch (const SQLite::Exception& error) {
    rethrow(m_connection, error);
  }
}

}  // namespace torc::store
