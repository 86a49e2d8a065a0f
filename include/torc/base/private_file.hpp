#pragma once

// Files that other users of the machine must neither read nor redirect.

#include <filesystem>

#include "torc/base/fd.hpp"

namespace torc::base {

/// Opens a regular file that belongs to this program, with O_CLOEXEC and O_NOFOLLOW. Afterwards, group and others have
/// no access to it: a new file has the mode 0600 regardless of the umask, and the permissions of an existing file are
/// restricted if this process may change them.
/// @param flags  As for open(2); O_CREAT creates the file.
/// @throws Error if the last component of the path is a link or not a regular file; SystemError that names the path
Fd open_private_file(const std::filesystem::path& path, int flags);

/// Creates a directory and its missing parents with the mode 0700, regardless of the umask. Does not change existing
/// ones.
/// @throws SystemError that names the directory that cannot be created
void make_private_directories(const std::filesystem::path& directory);

/// Opens a file below a directory in which other users may have created links. Links of this user and of root are
/// followed, except that O_TRUNC replaces the file itself: any existing file of that name is removed, and a new one is
/// created. The path of `directory` itself is not checked.
/// @param relative  Path below `directory`, without "..".
/// @param mode      Mode of a new file, restricted by the umask.
/// @throws Error that names a link and its owner, or a file that is not a regular file, or that has several names in a
/// directory where other users may write; SystemError that names the path
Fd open_below(const std::filesystem::path& directory, const std::filesystem::path& relative, int flags,
              unsigned mode = 0644);

}  // namespace torc::base
