#include "torc/proc/open_files.hpp"

#include <algorithm>
#include <optional>

namespace torc::proc {
namespace {

/// The original limit; set once the limit was raised.
std::optional<rlimit> g_before;

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
  if (!g_before) {
    g_before = before;
  }
  return limit.rlim_cur;
}

void restore_open_files() {
  if (g_before) {
    ::setrlimit(RLIMIT_NOFILE, &*g_before);
  }
}

}  // namespace torc::proc
