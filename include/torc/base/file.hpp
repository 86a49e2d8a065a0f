#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "torc/base/fd.hpp"

namespace torc::base {

/// The whole file as bytes.
/// @throws SystemError that names the path
std::string read_file(const std::filesystem::path& path);
/// The same where a file that cannot be read tells as much as an empty one, as in /proc, whose processes come and go.
std::string read_file_or_empty(const std::filesystem::path& path);

/// Replaces `path` by `content` in one step: a reader sees the old file or the new one. Written to a temporary name
/// beside it, synced, renamed.
/// @throws SystemError; then `path` is as it was and the temporary file is gone.
void write_file_atomically(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

/// Makes sure that names made, changed or removed in a directory are on disk.
/// @throws SystemError that names it
void sync_directory(const std::filesystem::path& directory);

/// Opens with O_CLOEXEC added.
/// @throws SystemError that names the path
Fd open_file(const std::filesystem::path& path, int flags, unsigned mode = 0644);

/// Where the path leads to, through links, also one whose end is yet to be made: who replaces a file that a link names
/// means the file, not the link.
std::filesystem::path real_path(std::filesystem::path path);

/// The home directory of the user: HOME, else the password database.
std::filesystem::path home_directory();

/// A variable of the environment, or `fallback` where it is unset or empty.
std::string env_or(const char* name, std::string_view fallback = {});

}  // namespace torc::base
