#pragma once

#include <array>
#include <string>

namespace torc::store {

/// What SQLite appends to the path of a database to name the files that it uses beside it: the log, the log's index and
/// the journal. https://www.sqlite.org/tempfiles.html
inline constexpr std::array<const char*, 3> k_sqlite_suffixes{"-wal", "-shm", "-journal"};

/// Refuses a database that is not a regular file, or that has something else than regular files beside it: SQLite waits
/// forever when it opens a FIFO, and reads without end from some devices. Links to the database are followed, links
/// beside it are refused. A file that is missing is no error.
/// @param path  Without links: SQLite looks for the files beside the place that a link leads to.
/// @throws base::Error that names the file and the remedy
void require_regular_files(const std::string& path);

/// The same for one file beside a database.
void require_regular_side(const std::string& side, unsigned mode);

}  // namespace torc::store
