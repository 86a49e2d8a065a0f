#include "archive/remove_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "torc/base/beneath.hpp"
#include "torc/base/fd.hpp"

namespace torc::archive {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds k_time_after_stop{500};

/// Limits the time after a stop request.
class StopLimit {
 public:
  explicit StopLimit(const std::stop_token& stop) : m_stop(stop) {}

  bool is_over() {
    if (!m_until && m_stop.stop_requested()) {
      m_until = Clock::now() + k_time_after_stop;
    }
    return m_until && Clock::now() > *m_until;
  }

 private:
  const std::stop_token& m_stop;
  std::optional<Clock::time_point> m_until;
};

struct CloseDirectory {
  void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};

/// Empties the directory `name` in `parent`. @returns whether it is empty now
bool empty_directory(int parent, const char* name, StopLimit& limit, std::size_t depth) {
  base::Fd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const std::unique_ptr<DIR, CloseDirectory> stream(fd ? ::fdopendir(fd.get()) : nullptr);
  if (!stream || depth > base::k_max_depth + 1) {
    return false;
  }
  const int here = fd.release();
  bool is_empty = true;
  while (const dirent* const entry = ::readdir(stream.get())) {
    const std::string_view text = entry->d_name;
    if (text == "." || text == "..") {
      continue;
    }
    if (limit.is_over()) {
      return false;
    }
    if (::unlinkat(here, entry->d_name, 0) == 0) {
      continue;
    }
    // For a directory, Linux returns EISDIR; POSIX allows EPERM.
    const bool is_directory = errno == EISDIR || errno == EPERM;
    is_empty = is_directory && empty_directory(here, entry->d_name, limit, depth + 1) &&
               ::unlinkat(here, entry->d_name, AT_REMOVEDIR) == 0 && is_empty;
  }
  return is_empty;
}

}  // namespace

bool remove_tree(const std::filesystem::path& directory, const std::stop_token& stop) {
  StopLimit limit(stop);
  return empty_directory(AT_FDCWD, directory.c_str(), limit, 0) && ::rmdir(directory.c_str()) == 0;
}

}  // namespace torc::archive
