#include "torc/proc/process_info.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

/// The fields of /proc/PID/stat from the third on. The second one, the program's name, may contain any byte and ends at
/// the last ')'.
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

/// The numeric names in a directory: pids in /proc, threads in /proc/self/task.
std::vector<pid_t> numbered_entries(const char* directory) {
  std::vector<pid_t> numbers;
  std::error_code error;
  std::filesystem::directory_iterator it(directory, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error)) {
    if (const auto number = base::parse_int(it->path().filename().string())) {
      numbers.push_back(static_cast<pid_t>(*number));
    }
  }
  return numbers;
}

}  // namespace

std::vector<ProcessEntry> all_processes() {
  constexpr std::size_t k_state = 3 - 3;
  constexpr std::size_t k_parent = 4 - 3;
  constexpr std::size_t k_session = 6 - 3;
  std::vector<ProcessEntry> processes;
  for (const pid_t pid : numbered_entries("/proc")) {
    const auto fields = stat_fields(pid);
    if (fields.size() <= k_session) {
      continue;  // It has ended.
    }
    const auto parent = base::parse_int(fields[k_parent]);
    const auto session = base::parse_int(fields[k_session]);
    if (parent && session) {
      processes.push_back({.pid = pid,
                           .parent = static_cast<pid_t>(*parent),
                           .session = static_cast<pid_t>(*session),
                           .zombie = fields[k_state] == "Z" || fields[k_state] == "X"});
    }
  }
  return processes;
}

std::vector<pid_t> children_of_this_process() {
  std::vector<pid_t> children;
  for (const pid_t thread : numbered_entries("/proc/self/task")) {
    const std::string text = base::read_file_or_empty("/proc/self/task/" + std::to_string(thread) + "/children");
    for (const auto& word : base::split(base::trim(text), ' ')) {
      if (const auto pid = base::parse_int(word)) {
        children.push_back(static_cast<pid_t>(*pid));
      }
    }
  }
  return children;
}

std::vector<std::string> environment_of(pid_t pid) {
  std::vector<std::string> entries =
      base::split(base::read_file_or_empty("/proc/" + std::to_string(pid) + "/environ"), '\0');
  if (!entries.empty() && entries.back().empty()) {
    entries.pop_back();
  }
  return entries;
}

bool reap_orphan(pid_t pid) {
  int status = 0;
  return pid > 0 && ::waitpid(pid, &status, WNOHANG) == pid;
}

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
    const std::string id{base::trim(base::read_file("/proc/sys/kernel/random/boot_id"))};
    return id.empty() ? k_unknown_boot : id;
  } catch (const base::SystemError&) {
    return k_unknown_boot;
  }
}

bool may_be_this_boot(const std::string& boot) {
  const std::string now = boot_id();
  return boot == now || now == k_unknown_boot || boot == k_unknown_boot || boot.empty();
}

std::string host_name() {
  std::array<char, 256> buffer{};
  if (::gethostname(buffer.data(), buffer.size() - 1) != 0) {
    return "unknown";
  }
  return buffer.data();
}

std::vector<pid_t> descendants(pid_t root) {
  std::unordered_map<pid_t, std::vector<pid_t>> children;
  for (const auto& process : all_processes()) {
    children[process.parent].push_back(process.pid);
  }
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
