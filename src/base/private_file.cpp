#include "torc/base/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/path_trust.hpp"
#include "torc/base/strings.hpp"

namespace torc::base {
namespace {

constexpr mode_t k_group_and_others = 0077;
/// Otherwise, opening a FIFO could block, and a terminal could become the controlling terminal of this process.
constexpr int k_careful = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

int open_at(int directory, const char* name, int flags, unsigned mode) {
  for (;;) {
    const int fd = ::openat(directory, name, flags, mode);
    if (fd >= 0 || errno != EINTR) {
      return fd;
    }
  }
}

struct stat status_of(int fd, const std::string& path) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    throw SystemError("cannot examine " + path);
  }
  return status;
}

void require_regular(const struct stat& status, const std::string& path) {
  if (!S_ISREG(status.st_mode)) {
    throw Error(fmt::format("{} is not a regular file; remove it, or choose another location", path));
  }
}

bool may_others_write(const struct stat& directory) {
  return (directory.st_mode & (S_IWGRP | S_IWOTH)) != 0 || !is_trusted_owner(directory.st_uid);
}

/// The target of the link `name`. @throws Error if the link belongs to another user
std::string target_of_own_link(int directory, const std::string& name, const std::string& path) {
  const Fd link{open_at(directory, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0)};
  if (!link) {
    throw SystemError("cannot open " + path);
  }
  if (const auto status = status_of(link.get(), path); !is_trusted_owner(status.st_uid)) {
    throw Error(fmt::format("{} is a link of {}, who is neither you nor root; remove it, or choose another directory",
                            path, user_name_of(status.st_uid)));
  }
  std::array<char, PATH_MAX> target{};
  const ssize_t size = ::readlinkat(link.get(), "", target.data(), target.size());
  if (size < 0) {
    throw SystemError("cannot read the link " + path);
  }
  return {target.data(), static_cast<std::size_t>(size)};
}

/// Opens the directory `name`, and follows a link only if its owner is trusted.
Fd open_directory(int parent, const std::string& name, const std::string& path) {
  Fd found{open_at(parent, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0)};
  if (!found && (errno == ELOOP || errno == ENOTDIR)) {
    const std::string target = target_of_own_link(parent, name, path);
    found.reset(open_at(parent, target.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0));
  }
  if (!found) {
    throw SystemError("cannot open " + path);
  }
  return found;
}

/// Replaces any file of this name with a new one.
Fd replace_file(int directory, const std::string& name, int flags, unsigned mode, const std::string& path) {
  constexpr int k_tries = 10;
  for (int i = 0; i < k_tries; ++i) {
    if (::unlinkat(directory, name.c_str(), 0) != 0 && errno != ENOENT) {
      throw SystemError("cannot replace " + path);
    }
    if (const int fd = open_at(directory, name.c_str(), flags | O_CREAT | O_EXCL | k_careful, mode); fd >= 0) {
      return Fd{fd};
    }
    if (errno != EEXIST) {
      break;
    }
  }
  throw SystemError("cannot open " + path);
}

Fd open_existing_or_new(int directory, const std::string& name, int flags, unsigned mode, const std::string& path) {
  Fd file{open_at(directory, name.c_str(), flags | k_careful, mode)};
  if (!file && errno == ELOOP) {
    const std::string target = target_of_own_link(directory, name, path);
    file.reset(open_at(directory, target.c_str(), flags | (k_careful & ~O_NOFOLLOW), mode));
  }
  if (!file) {
    throw SystemError("cannot open " + path);
  }
  const auto status = status_of(file.get(), path);
  require_regular(status, path);
  if (status.st_nlink > 1 && may_others_write(status_of(directory, path))) {
    throw Error(fmt::format("{} has {} names (hard links) in a directory where others may write; remove it", path,
                            status.st_nlink));
  }
  return file;
}

}  // namespace

Fd open_private_file(const std::filesystem::path& path, int flags) {
  const int careful = flags | k_careful;
  // The first attempt fails if the file exists, which distinguishes new files from existing ones.
  Fd file{(flags & O_CREAT) != 0 ? open_at(AT_FDCWD, path.c_str(), careful | O_EXCL, 0600) : -1};
  const bool is_new = static_cast<bool>(file);
  if (!file) {
    file.reset(open_at(AT_FDCWD, path.c_str(), careful, 0600));
  }
  if (!file) {
    if (errno == ELOOP) {
      throw Error(fmt::format("{} is a link, but must be a regular file; remove the link", printable(path.string())));
    }
    throw SystemError("cannot open " + printable(path.string()));
  }
  const auto status = status_of(file.get(), path.string());
  require_regular(status, printable(path.string()));
  if (is_new) {
    if (::fchmod(file.get(), 0600) != 0) {
      throw SystemError("cannot set the mode of " + printable(path.string()));
    }
  } else if ((status.st_mode & k_group_and_others) != 0) {
    // This fails if another user owns the file. The caller has already decided to trust that user.
    static_cast<void>(::fchmod(file.get(), status.st_mode & 07777U & ~k_group_and_others));
  }
  return file;
}

void make_private_directories(const std::filesystem::path& directory) {
  std::error_code ignored;
  if (directory.empty() || std::filesystem::is_directory(directory, ignored)) {
    return;
  }
  if (directory.has_parent_path() && directory.parent_path() != directory) {
    make_private_directories(directory.parent_path());
  }
  if (::mkdir(directory.c_str(), 0700) != 0) {
    const int cause = errno;
    if (cause == EEXIST && std::filesystem::is_directory(directory, ignored)) {
      return;  // It has been created meanwhile, or the path ends in a slash.
    }
    throw SystemError("cannot create the directory " + printable(directory.string()), cause);
  }
  if (::chmod(directory.c_str(), 0700) != 0) {
    throw SystemError("cannot set the mode of the directory " + printable(directory.string()));
  }
}

Fd open_below(const std::filesystem::path& directory, const std::filesystem::path& relative, int flags, unsigned mode) {
  const std::string path = printable((directory / relative).string());
  Fd at{open_at(AT_FDCWD, directory.empty() ? "." : directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC, 0)};
  if (!at) {
    throw SystemError("cannot open " + printable(directory.string()));
  }
  std::filesystem::path so_far = directory;
  for (const auto& part : relative.parent_path()) {
    so_far /= part;
    at = open_directory(at.get(), part.string(), printable(so_far.string()));
  }
  const std::string name = relative.filename().string();
  Fd file = (flags & O_TRUNC) != 0 ? replace_file(at.get(), name, flags & ~O_TRUNC, mode, path)
                                   : open_existing_or_new(at.get(), name, flags, mode, path);
  // Jobs and other users of the file expect blocking I/O.
  const int held = ::fcntl(file.get(), F_GETFL);
  if (held < 0 || ::fcntl(file.get(), F_SETFL, held & ~O_NONBLOCK) != 0) {
    throw SystemError("cannot open " + path);
  }
  return file;
}

}  // namespace torc::base
