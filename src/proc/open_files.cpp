#include "torc/proc/open_files.hpp"

#include <algorithm>
#include <optional>

namespace torc::proc {
namespace {

/// The limit before it was raised; nothing while it was not.
std::optional<rlimit>& limit_before() {
  static std::optional<rlimit> before;
  return before;
}

}  // namespace

rlim_t raise_open_files(rlim_t most) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 0;
  }
  const rlimit before = limit;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, most));
  if (limit.rlim_cur == before.rlim_cur || ::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return before.rlim_cur;
  }
  if (!limit_before()) {
    limit_before() = before;
  }
  return limit.rlim_cur;
}

void restore_open_files(pid_t child) {
  if (limit_before()) {
    // One that has ended already needs none.
    ::prlimit(child, RLIMIT_NOFILE, &*limit_before(), nullptr);
  }
}

}  // namespace torc::proc
