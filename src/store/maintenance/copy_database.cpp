#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/Transaction.h>
#include <fmt/format.h>

#include "store/maintenance/hardening.hpp"
#include "store/maintenance/read_only.hpp"
#include "store/query.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/file.hpp"
#include "torc/base/private_file.hpp"
#include "torc/base/random.hpp"
#include "torc/base/strings.hpp"
#include "torc/store/maintenance.hpp"

namespace torc::store {
namespace {

constexpr int k_pages_at_once = 4096;

/// An unfinished copy; the destructor removes it unless it was renamed.
class PartialCopy {
 public:
  explicit PartialCopy(const std::string& target) : m_path(target + ".tmp-" + base::to_hex(base::random64(), 8)) {
    // SQLite would create it with permissions according to the umask.
    base::open_private_file(m_path, O_WRONLY | O_CREAT | O_EXCL);
  }
  PartialCopy(const PartialCopy&) = delete;
  PartialCopy& operator=(const PartialCopy&) = delete;
  ~PartialCopy() { remove_all(); }

  const std::string& path() const { return m_path; }

 private:
  void remove_all() const {
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
      ::unlink((m_path + suffix).c_str());
    }
  }

  std::string m_path;
};

[[noreturn]] void fail(const std::string& target, const SQLite::Database& at_fault, const SQLite::Exception& error) {
  throw base::Error(
      is_disk_full(at_fault, error)
          ? fmt::format("there is not enough space for the copy {}; free some, or choose another location", target)
          : fmt::format("cannot create the copy {}: {}", target, error.what()));
}

void copy_pages(SQLite::Database& source, const std::string& path, const std::string& target,
                const std::stop_token& stop) {
  SQLite::Database copy{path, SQLite::OPEN_READWRITE, k_busy_timeout_ms};
  try {
    harden(copy, false);
    // No other process opens the file before it is complete, and it is synced once, at the end.
    copy.exec("PRAGMA journal_mode = OFF");
    copy.exec("PRAGMA synchronous = OFF");
    SQLite::Backup backup{copy, source};
    while (backup.executeStep(k_pages_at_once) != SQLITE_DONE) {
      if (stop.stop_requested()) {
        throw base::Error(fmt::format("stopped by a signal; the copy {} was not created", target));
      }
    }
  } catch (const SQLite::Exception& error) {
    fail(target, copy, error);
  }
}

/// Takes the copy out of WAL mode, so that it is a single file that can be read anywhere, and checks it.
std::int64_t finish_and_check(const std::string& path, const std::string& target) {
  SQLite::Database copy{path, SQLite::OPEN_READWRITE, k_busy_timeout_ms};
  try {
    harden(copy);
    copy.exec("PRAGMA journal_mode = DELETE");
    const std::string verdict = copy.execAndGet("PRAGMA integrity_check(1)").getString();
    if (verdict != "ok") {
      throw base::Error(fmt::format(
          "the database is damaged, so the copy {} was not created: {}; run 'torc server check' for details", target,
          verdict));
    }
    return copy.execAndGet("PRAGMA user_version").getInt64();
  } catch (const SQLite::Exception& error) {
    fail(target, copy, error);
  }
}

void sync(const std::filesystem::path& path, int flags) {
  const base::Fd fd = base::open_file(path, flags);
  if (::fsync(fd.get()) != 0) {
    throw base::SystemError(fmt::format("cannot sync {}", path.string()));
  }
}

std::filesystem::path directory_of(const std::string& path) {
  const auto directory = std::filesystem::path(path).parent_path();
  return directory.empty() ? "." : directory;
}

}  // namespace

Backup back_up(const std::string& database, const std::string& named, Existing existing, const std::stop_token& stop) {
  const std::string target = base::real_path(named).string();
  struct stat status {};
  if (::stat(database.c_str(), &status) != 0) {
    throw base::SystemError(fmt::format("cannot read the database {}", database));
  }
  if (existing == Existing::refuse && std::filesystem::exists(target)) {
    throw base::Error(fmt::format("{} already exists; use --force to replace it", target));
  }
  struct stat target_status {};
  if (::stat(target.c_str(), &target_status) == 0) {
    if (target_status.st_dev == status.st_dev && target_status.st_ino == status.st_ino) {
      throw base::Error(fmt::format("{} is the database itself; choose another file", target));
    }
    if (!S_ISREG(target_status.st_mode)) {
      throw base::Error(fmt::format("{} is not a regular file; choose another location for the copy", target));
    }
  }
  const PartialCopy copy{target};
  Backup result;
  try {
    ReadOnlyDatabase source{database};
    {
      // One snapshot for all steps; otherwise each commit of a server would restart the copy.
      SQLite::Transaction snapshot{*source};
      source->execAndGet("SELECT count(*) FROM sqlite_schema");
      copy_pages(*source, copy.path(), target, stop);
      snapshot.commit();
    }
    source.require_unchanged();
    result.version = finish_and_check(copy.path(), target);
  } catch (const SQLite::Exception& error) {
    throw base::Error(fmt::format("cannot read the database {}: {}", database, error.what()));
  }
  sync(copy.path(), O_RDWR);
  result.bytes = static_cast<std::int64_t>(std::filesystem::file_size(copy.path()));
  if (::rename(copy.path().c_str(), target.c_str()) != 0) {
    throw base::SystemError(fmt::format("cannot rename {} to {}", copy.path(), target));
  }
  base::sync_directory(directory_of(target));
  return result;
}

}  // namespace torc::store
