#pragma once

// The files of a database in the file system: their owners and modes, the locks that keep a second server out, and
// whether they are still in their place.

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "torc/base/fd.hpp"
#include "torc/base/path_trust.hpp"

namespace torc::store {

/// Identifies a file regardless of its name.
using FileIdentity = std::pair<dev_t, ino_t>;

class DatabaseFile {
 public:
  /// Creates the file and its directory if they are missing (modes 0600, 0700), removes access of group and others to
  /// an existing file, and locks it.
  ///
  /// Two locks keep a second server out: one on PATH.lock, which older versions of this program know, and one on the
  /// file itself, which also works for a bind mount or any other second path to the file.
  /// @throws base::Error for a path that base::require_trusted_path rejects, a file with several names, or if another
  /// process (named in the message) holds a lock
  DatabaseFile(const std::string& given, base::Owner owner);
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;
  ~DatabaseFile();

  /// With all links resolved.
  const std::string& path() const { return m_path; }

  /// Checks the owners of the files beside the database again, and remembers which files SQLite's log and its index
  /// are. Call this after the first connection was opened, and before anything is changed over it.
  /// @throws base::Error if another user has placed a file there since the constructor's check
  void remember_log_files();

  /// See Database::displacement.
  std::optional<std::string> displacement() const;

 private:
  void lock_name();
  void lock_file();
  /// Until a connection is open, SQLite would replay a journal that another user places beside the database. In a
  /// directory that others may write to, this process creates an empty journal under that name; SQLite ignores it.
  void occupy_journal();
  void free_journal();

  base::Owner m_owner;
  std::string m_path;
  base::Fd m_name_lock;  ///< An flock on PATH.lock.
  /// The database itself. Closed after the last connection, because closing it drops SQLite's locks.
  base::Fd m_file;
  FileIdentity m_identity{};
  std::optional<FileIdentity> m_journal;  ///< The empty journal of occupy_journal.
  std::vector<std::pair<std::string, FileIdentity>> m_log;
};

}  // namespace torc::store
