#pragma once

// The files of a database as the system sees them: who may own them, their modes, the lock that keeps a second server
// away, and whether they are still in their place.

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "torc/base/fd.hpp"
#include "torc/base/path_trust.hpp"

namespace torc::store {

/// Which file it is, whatever its name.
using FileIdentity = std::pair<dev_t, ino_t>;

class DatabaseFile {
 public:
  /// Makes the file and its directory if they are missing (modes 0600, 0700), takes group and others their access to an
  /// existing file, and locks it.
  ///
  /// Two locks keep a second server away: one on PATH.lock, which older versions of this program know, and one on the
  /// file itself, so that a bind mount or any other second path to the file counts as the same.
  /// @throws base::Error for a path that base::require_trusted_path refuses, a file with several names or another
  /// holder of a lock, who is named
  DatabaseFile(const std::string& given, base::Owner owner);
  DatabaseFile(const DatabaseFile&) = delete;
  DatabaseFile& operator=(const DatabaseFile&) = delete;
  ~DatabaseFile();

  /// Without links.
  const std::string& path() const { return m_path; }

  /// Checks once more who owns the files beside the database, and remembers which files SQLite's log and its index are.
  /// To be called after the first connection was opened, and before anything is changed over it.
  /// @throws base::Error if another user put a file there after the constructor looked
  void remember_log_files();

  /// See Database::displacement.
  std::optional<std::string> displacement() const;

 private:
  void lock_name();
  void lock_file();
  /// Until a connection is open, SQLite would replay a journal that another user puts beside the database. In a
  /// directory that others may write to, an empty journal of this process takes that name; SQLite ignores it.
  void occupy_journal();
  void free_journal();

  base::Owner m_owner;
  std::string m_path;
  base::Fd m_name_lock;  ///< Of PATH.lock, with flock.
  /// The database itself. Closed after the last connection: closing it drops SQLite's locks.
  base::Fd m_file;
  FileIdentity m_identity{};
  std::optional<FileIdentity> m_journal;  ///< The empty one of occupy_journal.
  std::vector<std::pair<std::string, FileIdentity>> m_log;
};

}  // namespace torc::store
