#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "torc/base/fd.hpp"

// Files below a directory with untrusted content: of a job, or of a worker whose archive was unpacked. Nothing here
// follows a link out of the directory, waits for the other end of a FIFO, or opens a device.

namespace torc::base {

/// Directories below directories that these functions enter; what lies deeper is refused.
inline constexpr std::size_t k_most_depth = 256;

/// What a message calls a file of this type (st_mode): "FIFO", "device", "socket", "link", "directory", "file".
std::string_view file_type_name(mode_t mode);

/// The result of open_beneath. Exactly one of the three is set.
struct OpenedFile {
  Fd file{};              ///< Open for reading, at its start; a regular file.
  bool is_absent{false};  ///< There is no such file.
  std::string refusal{};  ///< Why it was not opened: "it is a FIFO", "it is a link that leaves the directory".
};

/// Opens a directory, through links, as the start of a search.
/// @throws SystemError that names the path
Fd open_directory(const std::filesystem::path& path);

/// Opens a regular file for reading by its path from `directory`. Links are followed as long as they stay below
/// `directory`. The rules are those of openat2(2) with RESOLVE_BENEATH; they are applied here, step by step, since
/// kernels before 5.6 lack that call. A replacement of a part of the path meanwhile cannot lead out either: each part
/// is opened relative to the last one and without following links.
OpenedFile open_beneath(int directory, std::string_view path);

/// A file that walk_beneath found.
struct FoundFile {
  std::string path{};  ///< From the directory: "job_stdio/job_wf1_j1_r1_a1.o".
  mode_t mode{0};      ///< Its st_mode; of a link, that of the link.
};

/// Visits everything below `directory` but directories; enters no link. The order is that of the file system.
/// @param visit       Called for each file.
/// @param unreadable  Called with the path of each directory that cannot be read, and why.
void walk_beneath(int directory, const std::function<void(const FoundFile&)>& visit,
                  const std::function<void(const std::string& path, const std::string& why)>& unreadable);

}  // namespace torc::base
