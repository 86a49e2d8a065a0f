#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "torc/base/fd.hpp"

namespace torc::base {

/// Reads a whole file as bytes.
/// @throws SystemError that names the path
std::string read_file(const std::filesystem::path& path);
/// The same, but returns "" if the file cannot be read. For files such as those in /proc, which may disappear at any
/// time.
std::string read_file_or_empty(const std::filesystem::path& path);

/// Replaces `path` with `content` atomically: a reader sees either the old or the new file. Writes to a temporary file
/// beside it, syncs, and renames.
/// @throws SystemError; then `path` is unchanged and the temporary file removed
void write_file_atomically(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

/// Ensures that created, renamed and removed entries of a directory are on disk.
/// @throws SystemError that names the directory
void sync_directory(const std::filesystem::path& directory);

/// Opens a file with O_CLOEXEC in addition to `flags`.
/// @throws SystemError that names the path
Fd open_file(const std::filesystem::path& path, int flags, unsigned mode = 0644);

/// The path after resolving all links, even if the target of the last one does not exist yet. Use it to replace the
/// file that a link points to instead of the link.
std::filesystem::path real_path(std::filesystem::path path);

/// The user's home directory: HOME, else from the password database.
std::filesystem::path home_directory();

/// An environment variable, or `fallback` if it is unset or empty.
std::string env_or(const char* name, std::string_view fallback = {});

}  // namespace torc::base
