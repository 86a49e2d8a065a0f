#pragma once

#include <array>
#include <string>

namespace torc::store {

/// The suffixes of the files that SQLite uses beside a database: the log, the log's index and the journal.
/// https://www.sqlite.org/tempfiles.html
inline constexpr std::array<const char*, 3> k_sqlite_suffixes{"-wal", "-shm", "-journal"};

/// Rejects a database that is not a regular file, or that has anything but regular files beside it: SQLite waits
/// forever when it opens a FIFO, and reads some devices endlessly. Links to the database are followed, links beside it
/// are rejected. A missing file is not an error.
/// @param path  Without links, because SQLite looks for the other files beside the target of a link.
/// @throws base::Error that names the file and the remedy
void require_regular_files(const std::string& path);

/// The same check for one file beside a database.
void require_regular_side(const std::string& side, unsigned mode);

}  // namespace torc::store
