#include "torc/base/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"

namespace torc::base {
namespace {

constexpr std::chrono::milliseconds k_retry_interval{50};

/// @returns whether this process holds the lock now
bool try_lock(const Fd& file, const std::filesystem::path& path) {
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return false;
    }
    if (errno != EINTR) {
      throw SystemError("cannot lock " + path.string());
    }
  }
  return true;
}

/// Writes the pid and host of this process into the file. A failure, for instance because the disk is full, is ignored.
void write_holder(const Fd& file) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  try {
    if (::ftruncate(file.get(), 0) == 0) {
      write_all(file.get(), fmt::format("process {} on {}\n", ::getpid(), host.data()));
    }
  } catch (const SystemError&) {
    // The lock is valid even if the file does not name its holder.
  }
}

}  // namespace

Fd lock_file(const std::filesystem::path& path, std::chrono::milliseconds timeout) {
  constexpr unsigned k_private = 0600;
  Fd file = open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, k_private);
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (!try_lock(file, path)) {
    if (std::chrono::steady_clock::now() >= until) {
      return Fd{};
    }
    std::this_thread::sleep_for(k_retry_interval);
  }
  // A file of an older torc may be accessible to others. If this user does not own it, that cannot be changed.
  (void)::fchmod(file.get(), k_private);
  write_holder(file);
  return file;
}

std::string lock_holder(const std::filesystem::path& path) {
  const std::string text = read_file_or_empty(path);
  const std::string line = printable(trim(std::string_view(text).substr(0, text.find('\n'))));
  return line.empty() ? "an unknown process" : line;
}

}  // namespace torc::base
