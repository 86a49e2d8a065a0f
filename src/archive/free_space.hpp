#pragma once

#include <cstdint>

namespace torc::archive {

/// The free space of a file system for unpacked archives: all free space except a reserve for other users (2 %, at most
/// 256 MiB).
struct FreeSpace {
  std::uint64_t bytes{0};
  std::uint64_t files{0};
};

/// @param directory  Descriptor of a directory in the file system.
/// @throws base::SystemError
FreeSpace free_space(int directory);

}  // namespace torc::archive
