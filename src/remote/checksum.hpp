#pragma once

#include <cstdint>
#include <string>

namespace torc::remote {

struct Checksum {
  std::uint32_t crc{0};
  std::uint64_t size{0};

  bool operator==(const Checksum&) const = default;
};

/// Checksum and size of a file as POSIX cksum(1) prints them, which every worker has.
/// @throws base::SystemError that names the path
Checksum checksum_of_file(const std::string& path);

}  // namespace torc::remote
