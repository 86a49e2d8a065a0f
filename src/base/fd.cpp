#include "torc/base/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "torc/base/error.hpp"

namespace torc::base {

void Fd::reset(int fd) noexcept {
  if (m_fd >= 0) {
    // On Linux the descriptor is closed whatever close() returns, including EINTR.
    ::close(m_fd);
  }
  m_fd = fd;
}

Pipe Pipe::create() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw SystemError("cannot create a pipe");
  }
  return Pipe{Fd{ends[0]}, Fd{ends[1]}};
}

void write_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = ::write(fd, data.data(), data.size());
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      throw SystemError("cannot write");
    }
    data.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string read_all(int fd) {
  std::string result;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count == 0) {
      return result;
    }
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      throw SystemError("cannot read");
    }
    result.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace torc::base
