#include "store/read_only.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <fmt/format.h>

#include "store/hardening.hpp"
#include "store/query.hpp"

namespace torc::store {
namespace {

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

bool is_own(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && status.st_uid == ::geteuid();
}

/// file:PATH?immutable=1, https://www.sqlite.org/uri.html
std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    uri += c == '%' || c == '?' || c == '#' ? fmt::format("%{:02X}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return uri + "?immutable=1";
}

std::unique_ptr<SQLite::Database> open(const std::string& name, int flags) {
  auto database = std::make_unique<SQLite::Database>(name, flags, k_busy_timeout_ms);
  harden(*database);
  database->exec("PRAGMA query_only = ON");
  return database;
}

/// Opening reads nothing yet: the first question tells whether SQLite could make the index of its log.
bool can_read(SQLite::Database& database) {
  try {
    database.execAndGet("SELECT count(*) FROM sqlite_schema");
  } catch (const SQLite::Exception& error) {
    const int code = error.getErrorCode() & 0xff;
    return code != SQLITE_CANTOPEN && code != SQLITE_READONLY;  // Damage is told by whoever looks for it.
  }
  return true;
}

}  // namespace

ReadOnlyDatabase::ReadOnlyDatabase(const std::string& path)
    : m_path(path), m_had_log(exists(path + "-wal")), m_is_own(is_own(path)) {
  // Without a log the file alone is the database, unless a journal says that it has to be put right first.
  const bool is_file_alone = !m_had_log && !exists(path + "-journal");
  if (!is_file_alone || m_is_own) {
    m_database = open(path, SQLite::OPEN_READONLY);
    if (!is_file_alone || can_read(*m_database)) {
      return;
    }
  }
  // SQLite would make a log and its index beside it: in another user's directory, or one that cannot be written to.
  m_database = open(immutable_uri(path), SQLite::OPEN_READONLY | SQLITE_OPEN_URI);
}

ReadOnlyDatabase::~ReadOnlyDatabase() {
  m_database.reset();
  if (m_had_log || !m_is_own || exists(m_path + "-journal") || !exists(m_path + "-wal")) {
    return;
  }
  // A read-only connection cannot take away the empty log that it made; one that may write does, unless a server began
  // to use it meanwhile.
  try {
    SQLite::Database last{m_path, SQLite::OPEN_READWRITE};
    harden(last);
    last.execAndGet("SELECT count(*) FROM sqlite_schema");
  } catch (const SQLite::Exception&) {
    // An empty log harms nobody.
  }
}

}  // namespace torc::store
