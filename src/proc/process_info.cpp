#include "torc/proc/process_info.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <set>
#include <unordered_map>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"

namespace torc::proc {
namespace {

/// The fields of /proc/PID/stat from the third on. The second, the program's name, may hold any byte and ends at the
/// last ')'.
std::vector<std::string> stat_fields(pid_t pid) {
  std::string text;
  try {
    text = base::read_file("/proc/" + std::to_string(pid) + "/stat");
  } catch (const base::SystemError&) {
    return {};
  }
  const auto end = text.rfind(')');
  if (end == std::string::npos || end + 2 >= text.size()) {
    return {};
  }
  return base::split(base::trim(std::string_view(text).substr(end + 2)), ' ');
}

std::unordered_map<pid_t, std::vector<pid_t>> children_by_parent() {
  std::unordered_map<pid_t, std::vector<pid_t>> children;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const auto pid = base::parse_int(entry.path().filename().string());
    if (!pid) {
      continue;
    }
    const auto fields = stat_fields(static_cast<pid_t>(*pid));
    if (fields.size() < 2) {
      continue;
    }
    if (const auto parent = base::parse_int(fields[1])) {
      children[static_cast<pid_t>(*parent)].push_back(static_cast<pid_t>(*pid));
    }
  }
  return children;
}

}  // namespace

std::optional<std::uint64_t> start_ticks(pid_t pid) {
  constexpr std::size_t k_start_time = 22 - 3;
  const auto fields = stat_fields(pid);
  if (fields.size() <= k_start_time) {
    return std::nullopt;
  }
  const auto ticks = base::parse_int(fields[k_start_time]);
  return ticks ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*ticks)) : std::nullopt;
}

std::string boot_id() {
  try {
    return std::string(base::trim(base::read_file("/proc/sys/kernel/random/boot_id")));
  } catch (const base::SystemError&) {
    return {};
  }
}

std::string host_name() {
  std::array<char, 256> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0) {
    return "unknown";
  }
  return buffer.data();
}

std::vector<pid_t> descendants(pid_t root) {
  const auto children = children_by_parent();
  std::vector<pid_t> found;
  std::vector<pid_t> open{root};
  while (!open.empty()) {
    const pid_t parent = open.back();
    open.pop_back();
    if (const auto it = children.find(parent); it != children.end()) {
      found.insert(found.end(), it->second.begin(), it->second.end());
      open.insert(open.end(), it->second.begin(), it->second.end());
    }
  }
  return found;
}

void become_subreaper() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
    throw base::SystemError("cannot become the parent of orphans (PR_SET_CHILD_SUBREAPER)");
  }
}

void signal_descendants(pid_t root, int number) {
  std::set<pid_t> signaled;
  for (bool found_new = true; found_new;) {
    found_new = false;
    for (const pid_t pid : descendants(root)) {
      if (signaled.insert(pid).second) {
        ::kill(pid, number);
        found_new = true;
      }
    }
  }
}

}  // namespace torc::proc
