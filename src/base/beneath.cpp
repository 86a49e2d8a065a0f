#include "torc/base/beneath.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <vector>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::base {
namespace {

constexpr int k_max_followed = 40;  // Same limit as Linux.

OpenedFile refused(std::string why) {
  OpenedFile result;
  result.refusal = std::move(why);
  return result;
}

OpenedFile failed(int error_number) {
  OpenedFile result;
  result.is_absent = error_number == ENOENT || error_number == ENOTDIR;
  if (!result.is_absent) {
    result.refusal = errno_text(error_number);
  }
  return result;
}

/// Follows a path component by component. The parents of the current directory are kept open, so that ".." goes back to
/// the directory that the path came from, even if it was moved meanwhile.
class Resolver {
 public:
  explicit Resolver(int directory) : m_root(directory) {}

  OpenedFile open(std::string_view path) {
    if (path.starts_with('/') || !push(path)) {
      return refused(k_leaves);
    }
    while (!m_parts.empty()) {
      const std::string part = std::move(m_parts.back());
      m_parts.pop_back();
      if (part == "..") {
        if (m_entered.empty()) {
          return refused(k_leaves);
        }
        m_entered.pop_back();
        continue;
      }
      struct stat info {};
      if (::fstatat(here(), part.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return failed(errno);
      }
      if (S_ISLNK(info.st_mode)) {
        if (auto problem = follow(part); !problem.empty()) {
          return refused(std::move(problem));
        }
      } else if (S_ISDIR(info.st_mode)) {
        const int fd = ::openat(here(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) {
          return failed(errno);
        }
        m_entered.emplace_back(fd);
        if (m_entered.size() > k_max_depth) {
          return refused("it is nested too deeply");
        }
      } else if (!m_parts.empty()) {
        return failed(ENOTDIR);
      } else {
        return open_file(part, info.st_mode);
      }
    }
    return refused("it is a directory");
  }

 private:
  static constexpr const char* k_leaves = "it is a link that leaves the directory";

  int here() const { return m_entered.empty() ? m_root : m_entered.back().get(); }

  /// Puts the components of a path before the remaining ones. @returns whether they are few enough
  bool push(std::string_view path) {
    while (!path.empty()) {
      const auto slash = path.rfind('/');
      const auto part = slash == std::string_view::npos ? path : path.substr(slash + 1);
      if (!part.empty() && part != ".") {
        m_parts.emplace_back(part);
      }
      path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
    }
    return m_parts.size() < PATH_MAX;
  }

  /// @returns why a link is not followed, or ""
  std::string follow(const std::string& link) {
    std::array<char, PATH_MAX> target;
    const ssize_t size = ::readlinkat(here(), link.c_str(), target.data(), target.size());
    if (size < 0) {
      return errno_text(errno);
    }
    const std::string_view text(target.data(), static_cast<std::size_t>(size));
    if (++m_links > k_max_followed) {
      return "it has too many levels of links";
    }
    return text.starts_with('/') || !push(text) ? k_leaves : "";
  }

  OpenedFile open_file(const std::string& name, mode_t mode) const {
    // O_NONBLOCK and the second check, because the file may be replaced between the two calls.
    if (!S_ISREG(mode)) {
      return refused("it is a " + std::string(file_type_name(mode)));
    }
    OpenedFile result;
    result.file.reset(::openat(here(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat info {};
    if (!result.file || ::fstat(result.file.get(), &info) != 0) {
      return failed(errno);
    }
    return S_ISREG(info.st_mode) ? std::move(result) : refused("it is a " + std::string(file_type_name(info.st_mode)));
  }

  int m_root;
  std::vector<Fd> m_entered;         ///< The directories between the root and here.
  std::vector<std::string> m_parts;  ///< The remaining components, the next one last.
  int m_links{0};
};

struct CloseDirectory {
  void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};

struct OpenDirectory {
  std::unique_ptr<DIR, CloseDirectory> stream;
  std::string prefix;  ///< Its path from the root with a "/", or "".
};

/// Opens a directory for reading its entries. @returns null with errno set if that fails
std::unique_ptr<DIR, CloseDirectory> open_stream(int parent, const char* name) {
  Fd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  std::unique_ptr<DIR, CloseDirectory> stream(fd ? ::fdopendir(fd.get()) : nullptr);
  if (stream) {
    fd.release();
  }
  return stream;
}

}  // namespace

std::string_view file_type_name(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return "file";
    case S_IFDIR:
      return "directory";
    case S_IFLNK:
      return "link";
    case S_IFIFO:
      return "FIFO";
    case S_IFSOCK:
      return "socket";
    default:
      return "device";
  }
}

Fd open_directory(const std::filesystem::path& path) {
  return open_file(path, O_RDONLY | O_DIRECTORY);
}

OpenedFile open_beneath(int directory, std::string_view path) {
  return Resolver(directory).open(path);
}

void walk_beneath(int directory, const std::function<void(const FoundFile&)>& visit,
                  const std::function<void(const std::string& path, const std::string& why)>& unreadable) {
  std::vector<OpenDirectory> stack;
  const auto enter = [&](int parent, const char* name, const std::string& path) {
    if (stack.size() > k_max_depth) {
      unreadable(path, "it is nested too deeply");
    } else if (auto stream = open_stream(parent, name)) {
      stack.push_back({std::move(stream), path.empty() ? "" : path + "/"});
    } else {
      unreadable(path, errno_text(errno));
    }
  };
  enter(directory, ".", "");
  while (!stack.empty()) {
    OpenDirectory& current = stack.back();
    const dirent* const entry = ::readdir(current.stream.get());
    if (entry == nullptr) {
      stack.pop_back();
      continue;
    }
    const std::string name = entry->d_name;
    struct stat info {};
    if (name == "." || name == ".." ||
        ::fstatat(::dirfd(current.stream.get()), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;  // If the call failed, the file has been removed.
    }
    const std::string path = current.prefix + name;
    if (S_ISDIR(info.st_mode)) {
      enter(::dirfd(current.stream.get()), name.c_str(), path);
    } else {
      visit({.path = path, .mode = info.st_mode});
    }
  }
}

}  // namespace torc::base
