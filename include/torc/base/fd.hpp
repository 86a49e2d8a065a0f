#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace torc::base {

/// Owns one file descriptor and closes it in the destructor. Move-only.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : m_fd(fd) {}
  Fd(Fd&& other) noexcept : m_fd(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset(other.release());
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const noexcept { return m_fd; }
  explicit operator bool() const noexcept { return m_fd >= 0; }

  /// Releases ownership without closing the descriptor.
  int release() noexcept { return std::exchange(m_fd, -1); }
  /// Closes the owned descriptor and takes ownership of `fd`.
  void reset(int fd = -1) noexcept;

 private:
  int m_fd{-1};
};

/// Both ends of a pipe, close-on-exec, so that children started by other threads do not inherit them.
struct Pipe {
  Fd read_end;
  Fd write_end;

  /// @throws SystemError
  static Pipe create();
};

/// Writes all of `data`; handles EINTR and short writes.
/// @throws SystemError, also for EPIPE, because SIGPIPE is ignored in this program
void write_all(int fd, std::string_view data);

/// Reads until end of file.
/// @throws SystemError
std::string read_all(int fd);

}  // namespace torc::base
