#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

namespace torc::remote {

struct Checksum {
  std::uint32_t crc{0};
  std::uint64_t size{0};

  bool operator==(const Checksum&) const = default;
};

/// Checksum and size of a file as POSIX cksum(1) prints them; every worker has cksum.
/// @throws base::SystemError that names the path; base::Error("canceled") soon after a stop request
Checksum checksum_of_file(const std::string& path, const std::stop_token& stop = {});

}  // namespace torc::remote
