#include "torc/store/connection.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "store/migrate.hpp"
#include "store/query.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

int open_flags(Connection::Mode mode) {
  const int access =
      mode == Connection::Mode::write ? SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE : SQLite::OPEN_READONLY;
  return access | SQLITE_OPEN_NOMUTEX;
}

/// Before SQLite makes the file.
bool is_missing(const std::string& path) {
  std::error_code ignored;
  return !std::filesystem::exists(path, ignored);
}

void run(Connection& connection, std::string_view sql) {
  execute(connection, sql);
}

base::Fd lock_database(const std::string& path) {
  const std::string lock_path = path + ".lock";
  base::Fd lock = base::open_file(lock_path, O_RDWR | O_CREAT, 0644);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      throw base::SystemError(fmt::format("cannot lock {}", lock_path));
    }
    const std::string holder{base::trim(base::read_file(lock_path))};
    throw base::Error(
        fmt::format("another server already uses the database {}{}; stop it, or name another database (--database of "
                    "'server run', --db with -s)",
                    path, holder.empty() ? "" : fmt::format(" ({})", base::printable(holder))));
  }
  try {
    if (::ftruncate(lock.get(), 0) == 0) {
      base::write_all(lock.get(), fmt::format("process {}\n", ::getpid()));
    }
  } catch (const base::SystemError&) {
    // The lock holds without its text, which only helps to find the holder; a full disk is reported where it matters.
  }
  return lock;
}

/// SQLite names its log after the database: under two names there would be two logs, and soon a damaged file.
void refuse_second_name(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && status.st_nlink > 1) {
    throw base::Error(
        fmt::format("the database {} has {} names (hard links), and only one may be used; remove the others, or "
                    "give the server a file of its own: torc server backup FILE --database {}",
                    path, status.st_nlink, path));
  }
}

}  // namespace

Connection::Impl::Impl(const std::string& path, Mode open_mode, Durability durability)
    : is_new(is_missing(path)), database(path, open_flags(open_mode), k_busy_timeout_ms), mode(open_mode) {
  try {
    if (mode == Mode::write) {
      if (is_new) {
        // What there is to be rolled back is an empty file: a journal on disk, synced three times, is not needed.
        database.exec("PRAGMA journal_mode = MEMORY");
      }
      database.exec("PRAGMA journal_mode = WAL");
      database.exec(durability == Durability::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
      database.exec("PRAGMA foreign_keys = ON");
    }
    // In KiB. Beyond it the system's own cache serves: a server's memory does not grow with its database.
    database.exec(mode == Mode::write ? "PRAGMA cache_size = -32768" : "PRAGMA cache_size = -8192");
    database.exec("PRAGMA temp_store = MEMORY");
  } catch (const SQLite::Exception& error) {
    if (is_disk_full(database, error)) {
      throw base::Error(
          fmt::format("cannot open the database {}: its disk is full; nothing was changed. Make room there", path));
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
      // SQLite rolled back by itself, or will when the connection is closed.
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

Database::Database(const std::string& path, Durability durability) : m_path(path), m_durability(durability) {
  m_path = base::real_path(path).string();
  if (std::error_code ignored; std::filesystem::is_directory(m_path, ignored)) {
    throw base::Error(fmt::format("the database {} is a directory; name a file in it", path));
  }
  const auto directory = std::filesystem::path(m_path).parent_path();
  if (!directory.empty()) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) {
      throw base::Error(fmt::format("cannot make the directory {}: {}", directory.string(), error.message()));
    }
  }
  m_lock = lock_database(m_path);
  refuse_second_name(m_path);
  m_first.emplace(open(Connection::Mode::write));
  try {
    migrate(*m_first, m_path, migrations());
    m_server_id = store::server_id(*m_first);
  } catch (const StorageError& error) {
    throw base::Error(fmt::format("cannot use the database {}: {}", m_path, error.what()));
  }
}

}  // namespace torc::store
