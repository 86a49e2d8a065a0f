#include "torc/base/pid_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/lock_holder.hpp"
#include "torc/base/strings.hpp"

namespace torc::base {
namespace {

/// Whether the path still names the open file. Its previous owner may have removed it before this process got the lock.
bool is_still_there(const std::string& path, int fd) {
  struct stat by_path {};
  struct stat open {};
  return ::stat(path.c_str(), &by_path) == 0 && ::fstat(fd, &open) == 0 && by_path.st_dev == open.st_dev &&
         by_path.st_ino == open.st_ino;
}

std::string content_of(int fd) {
  std::string text(64, '\0');
  const ssize_t count = ::pread(fd, text.data(), text.size(), 0);
  text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return std::string{trim(text)};
}

}  // namespace

PidFile::PidFile(std::string path) : m_path(std::move(path)) {
  Fd file;
  do {
    // O_NOFOLLOW and O_NONBLOCK, because another user may have created a link or a FIFO of this name.
    file = open_file(m_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0644);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) {
        throw SystemError(fmt::format("cannot lock {}", m_path));
      }
      // The pid in the file may be that of a dead owner.
      const std::string holder = describe(lock_holders(m_path));
      throw Error(fmt::format("the pid file {} is locked by {}; end that process, or use another --pid-file", m_path,
                              holder.empty() ? "a process that is not visible here" : holder));
    }
  } while (!is_still_there(m_path, file.get()));
  const std::string before = content_of(file.get());
  if (!before.empty() && !parse_int(before)) {
    throw Error(fmt::format("{} is not a pid file (it does not contain a number); use another --pid-file", m_path));
  }
  if (::ftruncate(file.get(), 0) != 0) {
    throw SystemError(fmt::format("cannot write {}", m_path));
  }
  write_all(file.get(), fmt::format("{}\n", ::getpid()));
  m_file = std::move(file);
}

PidFile::~PidFile() {
  ::unlink(m_path.c_str());
}

}  // namespace torc::base
