#include "torc/base/random.hpp"

#include <sys/random.h>

#include <cerrno>

#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::base {

std::uint64_t random64() {
  std::uint64_t value = 0;
  while (::getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
    if (errno != EINTR) {
      throw SystemError("cannot get random bytes");
    }
  }
  return value;
}

std::string random_uuid() {
  // RFC 4122, section 4.4: version 4, variant 10.
  const std::uint64_t high = (random64() & 0xffffffffffff0fffULL) | 0x0000000000004000ULL;
  const std::uint64_t low = (random64() & 0x3fffffffffffffffULL) | 0x8000000000000000ULL;
  return to_hex(high >> 32U, 8) + "-" + to_hex(high >> 16U, 4) + "-" + to_hex(high, 4) + "-" + to_hex(low >> 48U, 4) +
         "-" + to_hex(low, 12);
}

}  // namespace torc::base
