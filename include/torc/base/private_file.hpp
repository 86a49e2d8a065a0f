#pragma once

// Files that other users of the machine must neither read nor redirect.

#include <filesystem>

#include "torc/base/fd.hpp"

namespace torc::base {

/// Opens a regular file of this program's own with O_CLOEXEC and O_NOFOLLOW. Afterwards its group and others have no
/// access: a new file has the mode 0600 whatever the umask is, and an old one loses the bits of its group and of others
/// if this process may change them.
/// @param flags  As of open(2); O_CREAT makes the file.
/// @throws Error if the last part of the path is a link or not a regular file; SystemError that names the path
Fd open_private_file(const std::filesystem::path& path, int flags);

/// Makes a directory and its missing parents with the mode 0700, whatever the umask is. Leaves existing ones alone.
/// @throws SystemError that names the directory that cannot be made
void make_private_directories(const std::filesystem::path& directory);

/// Opens a file below a directory in which other users may have planted links. Links that belong to this user or to
/// root are followed, except that O_TRUNC replaces the file itself: whatever has its name is removed, and a new file is
/// made. The directory itself is opened as named.
/// @param relative  Path below `directory`, without "..".
/// @param mode  Of a new file; the umask applies.
/// @throws Error that names a link and its owner, or a file that is not a regular file or has several names in a directory
/// where other users may write; SystemError that names the path
Fd open_below(const std::filesystem::path& directory, const std::filesystem::path& relative, int flags,
              unsigned mode = 0644);

}  // namespace torc::base
