#include "torc/store/connection.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

#include "store/migrations.hpp"
#include "store/query.hpp"
#include "torc/base/file.hpp"
#include "torc/base/random.hpp"
#include "torc/base/strings.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

constexpr int k_busy_timeout_ms = 10'000;

int open_flags(Connection::Mode mode) {
  const int access = mode == Connection::Mode::write ? SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE : SQLite::OPEN_READONLY;
  return access | SQLITE_OPEN_NOMUTEX;
}

void run(Connection& connection, std::string_view sql) { execute(connection, sql); }

base::Fd lock_database(const std::string& path) {
  const std::string lock_path = path + ".lock";
  base::Fd lock = base::open_file(lock_path, O_RDWR | O_CREAT, 0644);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      throw base::SystemError(fmt::format("cannot lock {}", lock_path));
    }
    const std::string holder{base::trim(base::read_file(lock_path))};
    throw base::Error(fmt::format("another server already uses the database {}{}; stop it, or give another --database", path,
                                  holder.empty() ? "" : fmt::format(" ({})", base::printable(holder))));
  }
  const std::string mine = fmt::format("process {}\n", ::getpid());
  if (::ftruncate(lock.get(), 0) == 0) {
    base::write_all(lock.get(), mine);
  }
  return lock;
}

/// All steps that are missing, in one transaction: an interrupted start leaves the old database.
void migrate(Connection& connection, const std::string& path) {
  auto& database = connection.impl().database;
  const auto version = static_cast<std::size_t>(value<std::int64_t>(connection, "PRAGMA user_version").value_or(0));
  const auto& steps = migrations();
  if (version > steps.size()) {
    throw base::Error(fmt::format("the database {} is of version {}, this torc knows versions up to {}; use a newer torc", path,
                                  version, steps.size()));
  }
  if (version == steps.size()) {
    return;
  }
  connection.begin();
  try {
    for (std::size_t i = version; i < steps.size(); ++i) {
      database.exec(std::string{steps[i].sql});
    }
    if (version == 0) {
      execute(connection, "INSERT INTO server (server_id) VALUES (?)", base::random_uuid());
    }
    database.exec(fmt::format("PRAGMA user_version = {}", steps.size()));
  } catch (const SQLite::Exception& error) {
    throw base::Error(fmt::format("cannot bring the database {} up to date: {}", path, error.what()));
  }
  connection.commit();
}

}  // namespace

Connection::Impl::Impl(const std::string& path, Mode open_mode)
    : database(path, open_flags(open_mode), k_busy_timeout_ms), mode(open_mode) {
  if (mode == Mode::write) {
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = FULL");
    database.exec("PRAGMA foreign_keys = ON");
  }
  database.exec("PRAGMA cache_size = -65536");
  database.exec("PRAGMA temp_store = MEMORY");
}

Connection::Connection(const std::string& path, Mode mode) {
  try {
    m_impl = std::make_unique<Impl>(path, mode);
  } catch (const SQLite::Exception& error) {
    throw base::Error(fmt::format("cannot open the database {}: {}", path, error.what()));
  }
}

Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

void Connection::begin() { run(*this, m_impl->mode == Mode::write ? "BEGIN IMMEDIATE" : "BEGIN"); }

void Connection::commit() { run(*this, "COMMIT"); }

void Connection::rollback() noexcept {
  if (in_transaction()) {
    try {
      run(*this, "ROLLBACK");
    } catch (const std::exception&) {
      // SQLite rolled back by itself, or will when the connection is closed.
    }
  }
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(m_impl->database.getHandle()) == 0; }

void Connection::savepoint() { run(*this, "SAVEPOINT request"); }

void Connection::release_savepoint() { run(*this, "RELEASE request"); }

void Connection::rollback_to_savepoint() {
  run(*this, "ROLLBACK TO request");
  run(*this, "RELEASE request");
}

Changes& Connection::changes() { return m_impl->changes; }

Database::Database(std::string path) : m_path(std::move(path)) {
  const auto directory = std::filesystem::path(m_path).parent_path();
  if (!directory.empty()) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) {
      throw base::Error(fmt::format("cannot make the directory {}: {}", directory.string(), error.message()));
    }
  }
  m_lock = lock_database(m_path);
  Connection connection = open(Connection::Mode::write);
  try {
    migrate(connection, m_path);
    m_server_id = store::server_id(connection);
  } catch (const StorageError& error) {
    throw base::Error(fmt::format("cannot use the database {}: {}", m_path, error.what()));
  }
}

}  // namespace torc::store
