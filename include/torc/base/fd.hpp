#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace torc::base {

/// Owns one file descriptor. Move-only; closes it at the end of its life.
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

  /// Gives the descriptor up without closing it.
  int release() noexcept { return std::exchange(m_fd, -1); }
  /// Closes what is held and takes `fd`.
  void reset(int fd = -1) noexcept;

 private:
  int m_fd{-1};
};

/// Both ends of a pipe; close-on-exec, so that no other child of another thread inherits one.
struct Pipe {
  Fd read_end;
  Fd write_end;

  /// @throws SystemError
  static Pipe create();
};

/// Writes all of `data`, through EINTR and short writes.
/// @throws SystemError (EPIPE included: SIGPIPE is ignored in this program)
void write_all(int fd, std::string_view data);

/// Reads until end of file.
/// @throws SystemError
std::string read_all(int fd);

}  // namespace torc::base
