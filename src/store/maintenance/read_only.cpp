#include "store/maintenance/read_only.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "store/maintenance/hardening.hpp"
#include "store/maintenance/regular_files.hpp"
#include "store/query.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::store {
namespace {

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

bool is_alone(const std::string& path) {
  return !exists(path + "-wal") && !exists(path + "-journal");
}

/// Whether the database uses a log (WAL): https://www.sqlite.org/fileformat.html#file_format_version_numbers
bool uses_log(const std::string& path) {
  constexpr std::size_t k_read_version = 19;
  std::array<char, k_read_version + 1> header{};
  std::ifstream file{path, std::ios::binary};
  file.read(header.data(), header.size());
  return file.good() && header[k_read_version] == 2;
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

bool is_same(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

}  // namespace

ReadOnlyDatabase::ReadOnlyDatabase(const std::string& path) : m_path(base::real_path(path).string()) {
  require_regular_files(m_path);
  if (::stat(m_path.c_str(), &m_before) != 0) {
    throw base::SystemError("cannot read the database " + m_path);
  }
  // Without a log, the file alone is the database, unless a journal must be rolled back first. SQLite would create a
  // log and its index beside it: in another user's directory, or in one that it cannot write to.
  m_is_without_locks = is_alone(m_path) && (m_before.st_uid != ::geteuid() || uses_log(m_path));
  m_database = m_is_without_locks ? open(immutable_uri(m_path), SQLite::OPEN_READONLY | SQLITE_OPEN_URI)
                                  : open(m_path, SQLite::OPEN_READONLY);
}

void ReadOnlyDatabase::require_unchanged() const {
  if (!m_is_without_locks) {
    return;
  }
  struct stat now {};
  const bool is_unchanged = ::stat(m_path.c_str(), &now) == 0 && now.st_dev == m_before.st_dev &&
                            now.st_ino == m_before.st_ino && now.st_size == m_before.st_size &&
                            is_same(now.st_mtim, m_before.st_mtim) && is_same(now.st_ctim, m_before.st_ctim) &&
                            is_alone(m_path);
  if (!is_unchanged) {
    throw base::Error(fmt::format(
        "a server or another program began to use the database {} while it was read, so what was read may not fit "
        "together; repeat the command",
        m_path));
  }
}

}  // namespace torc::store
