#pragma once

#include <cstdint>

namespace torc::archive {

/// What a file system has left for unpacked archives: all but a reserve (2 %, at most 256 MiB) for everybody else.
struct FreeSpace {
  std::uint64_t bytes{0};
  std::uint64_t files{0};
};

/// @param directory  A descriptor of a directory in the file system.
/// @throws base::SystemError
FreeSpace free_space(int directory);

}  // namespace torc::archive
