#include "remote/logs/checksum.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <vector>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::remote {
namespace {

/// The effect of each byte on the sum: the polynomial of ISO 8802-3, most significant bit first.
constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte << 24U;
    for (int bit = 0; bit < 8; ++bit) {
      value = (value & 0x80000000U) != 0 ? (value << 1U) ^ 0x04C11DB7U : value << 1U;
    }
    table[byte] = value;
  }
  return table;
}

constexpr auto k_table = make_table();

std::uint32_t add_byte(std::uint32_t crc, unsigned char byte) {
  return (crc << 8U) ^ k_table[(crc >> 24U) ^ byte];
}

}  // namespace

Checksum checksum_of_file(const std::string& path, const std::stop_token& stop) {
  const base::Fd file = base::open_file(path, O_RDONLY);
  std::vector<unsigned char> buffer(std::size_t{1} << 18U);
  std::uint32_t crc = 0;
  std::uint64_t size = 0;
  for (;;) {
    if (stop.stop_requested()) {
      throw base::Error("canceled");
    }
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      throw base::SystemError("cannot read " + path);
    }
    if (count == 0) {
      break;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      crc = add_byte(crc, buffer[i]);
    }
    size += static_cast<std::uint64_t>(count);
  }
  // The length is appended, lowest byte first, without leading zeros.
  for (std::uint64_t rest = size; rest != 0; rest >>= 8U) {
    crc = add_byte(crc, static_cast<unsigned char>(rest & 0xFFU));
  }
  return {.crc = ~crc, .size = size};
}

}  // namespace torc::remote
