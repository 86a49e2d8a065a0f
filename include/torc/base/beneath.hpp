#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "torc/base/fd.hpp"

// Access to files below a directory with untrusted content, such as a job's output or an unpacked archive of a worker.
// Nothing here follows a link out of the directory, blocks on a FIFO, or opens a device.

namespace torc::base {

/// Maximum depth of directories that these functions enter; deeper ones are refused.
inline constexpr std::size_t k_max_depth = 256;

/// The word for a file type (st_mode) in messages: "FIFO", "device", "socket", "link", "directory", "file".
std::string_view file_type_name(mode_t mode);

/// The result of open_beneath. Exactly one of the three is set.
struct OpenedFile {
  Fd file{};              ///< A regular file, open for reading at its start.
  bool is_absent{false};  ///< The file does not exist.
  std::string refusal{};  ///< Why it was not opened: "it is a FIFO", "it is a link that leaves the directory".
};

/// Opens a directory, following links.
/// @throws SystemError that names the path
Fd open_directory(const std::filesystem::path& path);

/// Opens a regular file for reading by its path relative to `directory`. Follows links that stay below `directory`, by
/// the rules of openat2(2) with RESOLVE_BENEATH. They are applied step by step here, because kernels before 5.6 do not
/// have that call. A component that is replaced meanwhile cannot lead out either, because each one is opened relative
/// to its parent without following links.
OpenedFile open_beneath(int directory, std::string_view path);

/// A file that walk_beneath found.
struct FoundFile {
  std::string path{};  ///< Relative to the directory: "job_stdio/job_wf1_j1_r1_a1.o".
  mode_t mode{0};      ///< The st_mode of the file, or of the link itself.
};

/// Visits everything below `directory` except directories, without following links, in the order of the file system.
/// @param visit       Called for each file.
/// @param unreadable  Called with the path of each directory that cannot be read, and the reason.
void walk_beneath(int directory, const std::function<void(const FoundFile&)>& visit,
                  const std::function<void(const std::string& path, const std::string& why)>& unreadable);

}  // namespace torc::base
