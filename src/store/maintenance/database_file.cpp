#include "store/maintenance/database_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "store/maintenance/regular_files.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/lock_holder.hpp"
#include "torc/base/log.hpp"
#include "torc/base/private_file.hpp"
#include "torc/base/strings.hpp"

namespace torc::store {
namespace {

/// The byte before those that SQLite locks (PENDING_BYTE, https://www.sqlite.org/c3ref/c_fcntl_begin_atomic_write.html
/// and "os.h" of its source), so no other lock conflicts with it, even on network file systems.
constexpr off_t k_lock_byte = 0x40000000 - 1;
constexpr const char* k_log_suffixes[] = {"-wal", "-shm"};
/// Files beside the database that SQLite or this program would use unchecked: a planted log changes the data.
constexpr const char* k_side_suffixes[] = {"-wal", "-shm", "-journal", ".lock"};
constexpr const char* k_journal_suffix = "-journal";

/// Databases that this process has open. Closing a second descriptor of a file would drop the locks of the first.
class OpenFiles {
 public:
  bool add(const FileIdentity& identity) {
    const std::lock_guard lock{m_mutex};
    return m_files.insert(identity).second;
  }
  bool contains(const FileIdentity& identity) {
    const std::lock_guard lock{m_mutex};
    return m_files.contains(identity);
  }
  void remove(const FileIdentity& identity) {
    const std::lock_guard lock{m_mutex};
    m_files.erase(identity);
  }

 private:
  std::mutex m_mutex;
  std::set<FileIdentity> m_files;
};

OpenFiles& open_files() {
  static OpenFiles files;
  return files;
}

/// What `displacement`, which runs before each group of changes, requests about a file. It does not request times:
/// Linux 6.13 and later give a file whose times were requested a finer timestamp at its next write ("multigrain
/// timestamps"). Then each sync of the log would also write the file's inode, which slowed the server down by a tenth.
constexpr unsigned k_no_times = STATX_INO | STATX_NLINK;

FileIdentity identity_of(const struct statx& status) {
  return {makedev(status.stx_dev_major, status.stx_dev_minor), status.stx_ino};  // A macro of musl.
}

FileIdentity identity_of(const struct stat& status) {
  return {status.st_dev, status.st_ino};
}

[[noreturn]] void throw_in_use(const std::string& path, std::vector<base::LockHolder> holders) {
  const std::string holder = base::describe(holders);
  throw base::Error(fmt::format(
      "another server already uses the database {}, or another process has locked it: {}; stop it, or specify "
      "another database (--database of 'server run', --db with -s)",
      path, holder.empty() ? "a process that cannot be seen from here" : holder));
}

void require_trusted_sides(const std::string& path, base::Owner owner) {
  for (const char* suffix : k_side_suffixes) {
    const std::string side = path + suffix;
    struct stat status {};
    if (::lstat(side.c_str(), &status) != 0) {
      continue;
    }
    require_regular_side(side, status.st_mode);
    if (owner != base::Owner::anybody && !base::is_trusted_owner(status.st_uid)) {
      throw base::Error(
          fmt::format("the file {} belongs to {}, who is neither you nor root and could change the database with it; "
                      "remove it, or add --trust-owner if you trust this user",
                      base::printable(side), base::user_name_of(status.st_uid)));
    }
  }
}

/// SQLite names its log after the database: under two names there would be two logs, and soon a damaged database.
void refuse_second_name(const std::string& path, const struct stat& status) {
  if (status.st_nlink > 1) {
    throw base::Error(
        fmt::format("the database {} has {} names (hard links), but may have only one; remove the others, or "
                    "give the server a file of its own: torc server backup FILE --database {}",
                    path, status.st_nlink, path));
  }
}

}  // namespace

DatabaseFile::DatabaseFile(const std::string& given, base::Owner owner) : m_owner(owner) {
  // Checks the path as given, including links on the way.
  base::require_trusted_path(given, base::PathKind::file, owner, "database");
  m_path = base::real_path(given).string();
  if (std::error_code ignored; std::filesystem::is_directory(m_path, ignored)) {
    throw base::Error(fmt::format("the database {} is a directory; specify a file in it", given));
  }
  base::make_private_directories(std::filesystem::path(m_path).parent_path());
  require_trusted_sides(m_path, owner);
  lock_name();
  lock_file();
  occupy_journal();
  // Check again, because another user could have placed a file there in the meantime.
  require_trusted_sides(m_path, owner);
}

DatabaseFile::~DatabaseFile() {
  free_journal();
  open_files().remove(m_identity);
}

void DatabaseFile::lock_name() {
  const std::string lock_path = m_path + ".lock";
  base::Fd lock = base::open_private_file(lock_path, O_RDWR | O_CREAT);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      throw base::SystemError(fmt::format("cannot lock {}", lock_path));
    }
    throw_in_use(m_path, base::lock_holders(lock_path));
  }
  try {
    if (::ftruncate(lock.get(), 0) == 0) {
      base::write_all(lock.get(), fmt::format("process {}\n", ::getpid()));
    }
  } catch (const base::SystemError&) {
    // The lock works without its text, which is only for people; a full disk is reported where it matters.
  }
  m_name_lock = std::move(lock);
}

void DatabaseFile::lock_file() {
  struct stat before {};
  const bool is_new = ::stat(m_path.c_str(), &before) != 0;
  if (!is_new && open_files().contains(identity_of(before))) {
    throw_in_use(m_path, {{.pid = ::getpid()}});
  }
  base::Fd file = base::open_private_file(m_path, O_RDWR | O_CREAT);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    throw base::SystemError(fmt::format("cannot examine {}", m_path));
  }
  refuse_second_name(m_path, status);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = k_lock_byte;
  lock.l_len = 1;
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) != 0) {
    if (errno != EAGAIN && errno != EACCES) {
      throw base::SystemError(fmt::format("cannot lock {}", m_path));
    }
    throw_in_use(m_path, base::lock_holders(m_path));
  }
  if (!is_new && (before.st_mode & 0077U) != 0) {
    if ((status.st_mode & 0077U) == 0) {
      base::log_warning("group and others had access to the database {} (mode {:o}); now only its owner has", m_path,
                        before.st_mode & 07777U);
    } else {
      base::log_warning("group and others have access to the database {} (mode {:o}), which this user cannot change",
                        m_path, before.st_mode & 07777U);
    }
  }
  m_identity = identity_of(status);
  open_files().add(m_identity);
  m_file = std::move(file);
}

void DatabaseFile::occupy_journal() {
  struct stat directory {};
  if (::stat(std::filesystem::path(m_path).parent_path().c_str(), &directory) != 0 ||
      (directory.st_mode & (S_IWGRP | S_IWOTH)) == 0) {
    return;
  }
  constexpr unsigned k_private = 0600;
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const base::Fd journal{::open((m_path + k_journal_suffix).c_str(), flags, k_private)};
  struct stat status {};
  // If the name is taken, the check that follows examines that file.
  if (journal && ::fstat(journal.get(), &status) == 0) {
    m_journal = identity_of(status);
  }
}

void DatabaseFile::free_journal() {
  const std::string path = m_path + k_journal_suffix;
  struct stat status {};
  if (m_journal && ::lstat(path.c_str(), &status) == 0 && identity_of(status) == *m_journal) {
    ::unlink(path.c_str());
  }
  m_journal.reset();
}

void DatabaseFile::remember_log_files() {
  free_journal();
  require_trusted_sides(m_path, m_owner);
  m_log.clear();
  for (const char* suffix : k_log_suffixes) {
    struct stat status {};
    if (const std::string path = m_path + suffix; ::stat(path.c_str(), &status) == 0) {
      m_log.emplace_back(path, identity_of(status));
    }
  }
}

std::optional<std::string> DatabaseFile::displacement() const {
  struct statx status {};
  if (::statx(m_file.get(), "", AT_EMPTY_PATH, k_no_times, &status) == 0 && status.stx_nlink == 0) {
    return "was deleted";
  }
  if (::statx(AT_FDCWD, m_path.c_str(), 0, k_no_times, &status) != 0) {
    return errno == ENOENT || errno == ENOTDIR ? "was moved away" : "cannot be examined: " + base::errno_text(errno);
  }
  if (identity_of(status) != m_identity) {
    return "was moved away, and another file is in its place";
  }
  for (const auto& [path, identity] : m_log) {
    if (::statx(AT_FDCWD, path.c_str(), 0, k_no_times, &status) != 0 || identity_of(status) != identity) {
      return fmt::format("lost its log: {} was moved or deleted", std::filesystem::path(path).filename().string());
    }
  }
  return std::nullopt;
}

}  // namespace torc::store
