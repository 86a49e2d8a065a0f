#include "torc/base/path_trust.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <deque>
#include <mutex>
#include <set>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/log.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/users.hpp"

namespace torc::base {
namespace {

constexpr int k_longest_chain = 40;

std::string quoted(const std::filesystem::path& path) {
  return printable(path.string());
}

/// Walks a path from the root to its end, like the kernel.
class Walk {
 public:
  Walk(const std::filesystem::path& path, PathKind kind) : m_kind(kind) {
    push(std::filesystem::absolute(path));
    m_at = "/";
  }

  PathReview run() {
    examine_directory(status_of(m_at), is_holder());
    while (!m_left.empty()) {
      const std::string name = m_left.front();
      m_left.pop_front();
      if (name == "..") {
        m_at = m_at.parent_path();
        examine_directory(status_of(m_at), is_holder());
      } else if (!step(m_at / name)) {
        break;
      }
    }
    return std::move(m_review);
  }

 private:
  /// @returns false at the end of the existing part of the path
  bool step(const std::filesystem::path& next) {
    struct stat status {};
    if (::lstat(next.c_str(), &status) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) {
        return false;
      }
      throw SystemError("cannot examine " + quoted(next));
    }
    if (S_ISLNK(status.st_mode)) {
      follow(next, status);
      return true;
    }
    m_at = next;
    if (S_ISDIR(status.st_mode)) {
      examine_directory(status, is_holder());
      return true;
    }
    if (!is_trusted_owner(status.st_uid)) {
      m_review.foreign.push_back(fmt::format("the file {} belongs to {}", quoted(next), user_name_of(status.st_uid)));
    }
    return false;
  }

  void follow(const std::filesystem::path& link, const struct stat& status) {
    if (!is_trusted_owner(status.st_uid)) {
      m_review.foreign.push_back(fmt::format("the link {} belongs to {}", quoted(link), user_name_of(status.st_uid)));
    }
    if (++m_links > k_longest_chain) {
      throw SystemError("cannot follow the links of " + quoted(link), ELOOP);
    }
    std::error_code error;
    const auto target = std::filesystem::read_symlink(link, error);
    if (error) {
      throw SystemError("cannot read the link " + quoted(link), error.value());
    }
    push(target);
    if (target.is_absolute()) {
      m_at = "/";
    }
  }

  void push(const std::filesystem::path& path) {
    std::vector<std::string> parts;
    for (const auto& part : path.relative_path()) {
      if (!part.empty() && part != ".") {
        parts.push_back(part.string());
      }
    }
    m_left.insert(m_left.begin(), parts.begin(), parts.end());
  }

  /// Whether the current directory is the named directory, or that of the named file.
  bool is_holder() const { return m_left.size() == (m_kind == PathKind::file ? 1U : 0U); }

  void examine_directory(const struct stat& status, bool is_thing_itself) {
    const bool is_foreign = !is_trusted_owner(status.st_uid);
    const bool is_sticky = (status.st_mode & S_ISVTX) != 0;
    const std::string name = fmt::format("the directory {}", quoted(m_at));
    if (is_foreign) {
      (is_thing_itself ? m_review.foreign : m_review.warnings)
          .push_back(fmt::format("{} belongs to {}", name, user_name_of(status.st_uid)));
    }
    if ((status.st_mode & S_IWOTH) != 0) {
      // The sticky bit does not restrict the owner of the directory, but a foreign owner has been reported above.
      if (!is_sticky) {
        m_review.open_to_all.push_back(fmt::format("{} is writable by everybody and has no sticky bit", name));
      }
    } else if ((status.st_mode & S_IWGRP) != 0 && !is_sticky) {
      m_review.warnings.push_back(fmt::format("{} is writable by its group", name));
    }
  }

  static struct stat status_of(const std::filesystem::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
      throw SystemError("cannot examine " + quoted(path));
    }
    return status;
  }

  PathKind m_kind;
  std::filesystem::path m_at;
  std::deque<std::string> m_left;
  int m_links{0};
  PathReview m_review;
};

}  // namespace

bool is_trusted_owner(uid_t owner) {
  return owner == 0 || owner == ::geteuid();
}

std::string user_name_of(uid_t user) {
  if (const auto found = find_user(user)) {
    return fmt::format("{} (uid {})", printable(found->name), user);
  }
  return fmt::format("uid {}", user);
}

PathReview review_path(const std::filesystem::path& path, PathKind kind) {
  return Walk{path, kind}.run();
}

void require_trusted_path(const std::filesystem::path& path, PathKind kind, Owner owner, std::string_view what) {
  const PathReview review = review_path(path, kind);
  if (!review.foreign.empty() && owner != Owner::anybody) {
    throw Error(
        fmt::format("the {} {} cannot be trusted: {}, who is neither you nor root and could have put anything there; "
                    "choose another location, or add --trust-owner if you trust this user",
                    what, quoted(path), review.foreign.front()));
  }
  if (!review.open_to_all.empty()) {
    throw Error(
        fmt::format("the {} {} cannot be trusted: {}, so that other users could replace its content; remove the "
                    "permission (chmod o-w), or choose another location",
                    what, quoted(path), review.open_to_all.front()));
  }
  static std::mutex mutex;
  static std::set<std::string> logged;
  const std::lock_guard lock{mutex};
  for (const auto& warning : review.warnings) {
    if (logged.insert(warning).second) {
      log_warning("{}, which makes it possible to replace the {} {}", warning, what, quoted(path));
    }
  }
}

}  // namespace torc::base
