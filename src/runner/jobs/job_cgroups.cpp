// Theory of operation: a cgroup that enables controllers for its child groups must not contain processes. So this
// process and its guardian move from the group in which they were started (OWN) into a child group, and each job gets a
// group of its own:
//
//   OWN/torc-PID-TICKS/runner     this process and its guardian
//   OWN/torc-PID-TICKS/job-J-A-N  attempt A of job J, in the Nth group that this runner created
//
// PID and TICKS (the start time) identify the owner, so that the directories of several runners differ, and a runner
// can tell whether the owner of a directory is still alive. If OWN contains other processes, no groups are created,
// because a runner must not move processes that are not its own.
//
// The first process of a job moves into the job's group before it executes the job's program
// (proc::SpawnOptions::join_fd), so all processes of the job are always in its group. When a group is out of memory,
// the kernel kills the whole group (memory.oom.group) and counts that in memory.events, which is read when the job has
// ended.
//
// In a cgroup file system, files cannot be created or unlinked, and a directory is removed together with its files.
// Opening files with O_CREAT and unlinking files in a non-empty directory have no effect there; they make this code
// work in the tests' trees of plain files, too.

#include "runner/jobs/job_cgroups.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "runner/jobs/own_cgroup.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/guardian.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::runner {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::string_view k_prefix = "torc-";
constexpr milliseconds k_retry_interval{20};
/// How long to wait for the end of killed processes. Groups that still have processes then are left to the next runner.
constexpr milliseconds k_timeout{3'000};
constexpr std::int64_t k_cpu_period_us = 100'000;

base::Fd open_to_write(const fs::path& file, int flags) {
  return base::open_file(file, O_WRONLY | O_CREAT | flags);
}

/// @throws base::SystemError
void write_to(const fs::path& file, std::string_view text, int flags = O_TRUNC) {
  const base::Fd fd = open_to_write(file, flags);
  // The kernel takes each write for a complete value.
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw base::SystemError("cannot write " + file.string());
  }
}

/// @returns whether it succeeded
bool try_write(const fs::path& file, std::string_view text, int flags = O_TRUNC) {
  try {
    write_to(file, text, flags);
    return true;
  } catch (const base::SystemError&) {
    return false;
  }
}

void move_process(pid_t pid, const fs::path& group) {
  write_to(group / "cgroup.procs", fmt::format("{}\n", pid), O_APPEND);
}

void make_directory(const fs::path& directory) {
  if (::mkdir(directory.c_str(), 0755) != 0) {
    throw base::SystemError("cannot create " + directory.string());
  }
}

std::optional<std::int64_t> number_in(const fs::path& file) {
  return base::parse_int(base::trim(base::read_file_or_empty(file)));
}

/// The value of `name` in a file with lines "NAME VALUE".
std::optional<std::int64_t> value_in(const fs::path& file, std::string_view name) {
  for (const auto& line : base::split_lines(base::read_file_or_empty(file))) {
    const auto words = base::split(line, ' ');
    if (words.size() == 2 && words[0] == name) {
      return base::parse_int(words[1]);
    }
  }
  return std::nullopt;
}

std::vector<pid_t> processes_in(const fs::path& group) {
  std::vector<pid_t> pids;
  for (const auto& line : base::split_lines(base::read_file_or_empty(group / "cgroup.procs"))) {
    // Processes outside of the PID namespace of this process appear as 0.
    pids.push_back(static_cast<pid_t>(base::parse_int(line).value_or(0)));
  }
  return pids;
}

/// The runner, and its guardian if it has one.
std::vector<pid_t> own_processes() {
  std::vector<pid_t> pids{::getpid()};
  if (const pid_t guardian = proc::guardian(); guardian > 0) {
    pids.push_back(guardian);
  }
  return pids;
}

/// Removes a group and its child groups, except those that contain processes. @returns whether the group is gone
bool remove_group(const fs::path& group) {
  if (::rmdir(group.c_str()) == 0 || errno == ENOENT) {
    return true;
  }
  if (errno != EBUSY && errno != ENOTEMPTY) {
    return false;
  }
  const bool has_plain_files = errno == ENOTEMPTY;
  std::error_code error;
  for (fs::directory_iterator it(group, error); !error && it != fs::directory_iterator(); it.increment(error)) {
    std::error_code ignored;
    if (it->symlink_status(ignored).type() == fs::file_type::directory) {
      remove_group(it->path());
    } else if (has_plain_files) {
      ::unlink(it->path().c_str());
    }
  }
  return ::rmdir(group.c_str()) == 0 || errno == ENOENT;
}

void kill_all_in(const fs::path& group) {
  if (try_write(group / "cgroup.kill", "1")) {
    return;
  }
  for (const pid_t pid : processes_in(group)) {  // Linux before 5.14 has no cgroup.kill.
    if (pid > 1 && pid != ::getpid()) {
      ::kill(pid, SIGKILL);
    }
  }
}

std::string tree_name() {
  return fmt::format("{}{}-{}", k_prefix, ::getpid(), proc::start_ticks(::getpid()).value_or(0));
}

/// Whether the name is that of a dead runner's directory.
bool is_left_over(const std::string& name) {
  if (!name.starts_with(k_prefix)) {
    return false;
  }
  const auto words = base::split(std::string_view(name).substr(k_prefix.size()), '-');
  const auto pid = words.size() == 2 ? base::parse_int(words[0]) : std::nullopt;
  const auto ticks = words.size() == 2 ? base::parse_int(words[1]) : std::nullopt;
  return pid && ticks && proc::start_ticks(static_cast<pid_t>(*pid)) != static_cast<std::uint64_t>(*ticks);
}

}  // namespace

JobCgroups::JobCgroups(const CgroupPlaces& places, RunnerLog& log) : m_log(log) {
  try {
    set_up(places);
    m_log.info("cgroups below {} ({}) enforce the limits of jobs{}", m_tree.string(), base::join(m_controllers, ", "),
               has("memory") ? "" : ", except memory limits, which are enforced by sampling");
  } catch (const std::exception& error) {
    tear_down();
    m_log.info("memory limits of jobs are enforced by sampling, not by cgroups: {}", error.what());
  }
}

JobCgroups::~JobCgroups() {
  tear_down();
}

bool JobCgroups::has(std::string_view controller) const {
  return std::find(m_controllers.begin(), m_controllers.end(), controller) != m_controllers.end();
}

/// @throws base::Error that says why groups are not usable
void JobCgroups::set_up(const CgroupPlaces& places) {
  const auto own = find_own_cgroup(places);
  if (!own) {
    throw base::Error("the cgroup v2 of this process is not visible");
  }
  m_parent = own->directory;
  remove_leftovers();
  for (const auto& word : base::split(base::trim(base::read_file(m_parent / "cgroup.controllers")), ' ')) {
    if (word == "cpu" || word == "memory") {
      m_controllers.push_back(word);
    }
  }
  if (m_controllers.empty()) {
    throw base::Error(m_parent.string() + " has neither the cpu nor the memory controller");
  }
  refuse_foreign_processes();
  const fs::path tree = m_parent / tree_name();
  make_directory(tree);
  m_tree = tree;
  make_directory(m_tree / "runner");
  for (const pid_t pid : own_processes()) {
    move_process(pid, m_tree / "runner");
  }
  write_to(m_parent / "cgroup.subtree_control", controls('+'));
  write_to(m_tree / "cgroup.subtree_control", controls('+'));
}

std::string JobCgroups::controls(char sign) const {
  std::string text;
  for (const auto& name : m_controllers) {
    text += fmt::format("{}{}{}", text.empty() ? "" : " ", sign, name);
  }
  return text;
}

void JobCgroups::refuse_foreign_processes() const {
  base::read_file(m_parent / "cgroup.procs");  // Throws if the file does not exist.
  const auto own = own_processes();
  for (const pid_t pid : processes_in(m_parent)) {
    if (std::find(own.begin(), own.end(), pid) == own.end()) {
      throw base::Error(fmt::format("other processes are in {} (PID {})", m_parent.string(), pid));
    }
  }
}

void JobCgroups::remove_leftovers() const {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(m_parent, error); !error && it != fs::directory_iterator(); it.increment(error)) {
    if (is_left_over(it->path().filename().string())) {
      found.push_back(it->path());
    }
  }
  for (const auto& group : found) {
    remove_group(group);
  }
}

void JobCgroups::tear_down() noexcept {
  if (m_tree.empty()) {
    return;
  }
  try {
    for (const auto& [leader, group] : m_running) {
      kill_all_in(group.directory);
      remove_group(group.directory);
    }
    for (const auto& leaving : m_leaving) {
      remove_group(leaving.directory);
    }
    // In this order, because a group that enables controllers for its child groups must not contain processes. If
    // another runner uses them, this process stays in its group.
    try_write(m_tree / "cgroup.subtree_control", controls('-'));
    try_write(m_parent / "cgroup.subtree_control", controls('-'));
    for (const pid_t pid : own_processes()) {
      try_write(m_parent / "cgroup.procs", fmt::format("{}\n", pid), O_APPEND);
    }
    remove_group(m_tree);
  } catch (const std::exception&) {
    // The next runner removes the remaining groups.
  }
  m_running.clear();
  m_leaving.clear();
  m_tree.clear();
}

void JobCgroups::warn(const std::string& what) {
  if (!std::exchange(m_has_warned, true)) {
    m_log.warning("the limits of a job cannot be set by its cgroup (further warnings are suppressed): {}", what);
  }
}

std::optional<JobCgroups::Group> JobCgroups::make(const JobKey& key, const Limits& limits) {
  if (!usable()) {
    return std::nullopt;
  }
  // The last number distinguishes repeated starts of the same attempt, whose earlier group may still exist.
  Group group{.directory = m_tree / fmt::format("job-{}-{}-{}", key.job_id, key.attempt_id, ++m_made)};
  try {
    make_directory(group.directory);
    group.procs = open_to_write(group.directory / "cgroup.procs", O_APPEND);
  } catch (const base::SystemError& error) {
    warn(error.what());
    discard(std::move(group));
    return std::nullopt;
  }
  limit(group, limits);
  return group;
}

void JobCgroups::limit(Group& group, const Limits& limits) {
  const fs::path& directory = group.directory;
  try {
    if (limits.memory_bytes && has("memory")) {
      write_to(directory / "memory.max", std::to_string(*limits.memory_bytes));
      group.memory_limit = limits.memory_bytes;
      // Kernels without swap do not have memory.swap.max. Those before 4.19 do not have memory.oom.group, and kill one
      // process at a time.
      try_write(directory / "memory.swap.max", "0");
      try_write(directory / "memory.oom.group", "1");
    }
    if (limits.cpus && *limits.cpus > 0 && has("cpu")) {
      write_to(directory / "cpu.max", fmt::format("{} {}", *limits.cpus * k_cpu_period_us, k_cpu_period_us));
    }
  } catch (const base::SystemError& error) {
    warn(error.what());
  }
}

bool JobCgroups::started(Group&& group, const proc::Child& leader) {
  if (leader.join_error() != 0) {
    warn(fmt::format("cannot move a process to {}: {}", group.directory.string(),
                     base::errno_text(leader.join_error())));
    discard(std::move(group));
    return false;
  }
  group.procs.reset();
  const bool is_held = group.memory_limit.has_value();
  m_running.insert_or_assign(leader.pid(), std::move(group));
  return is_held;
}

void JobCgroups::discard(Group&& group) {
  group.procs.reset();
  m_leaving.push_back({.leader = 0, .directory = std::move(group.directory)});
}

std::optional<std::int64_t> JobCgroups::ended(pid_t leader) {
  auto node = m_running.extract(leader);
  if (node.empty()) {
    return std::nullopt;
  }
  const Group& group = node.mapped();
  std::optional<std::int64_t> used;
  if (value_in(group.directory / "memory.events", "oom_kill").value_or(0) > 0) {
    // memory.events also counts kills because of limits of parent or child groups; memory.events.local has only the
    // group's own.
    const bool was_own = value_in(group.directory / "memory.events.local", "oom").value_or(1) > 0;
    if (group.memory_limit && was_own) {
      used = number_in(group.directory / "memory.peak").value_or(*group.memory_limit);
    } else {
      m_log.warning("{}: the kernel killed processes of the job to free memory, although its limit was not reached",
                    group.directory.string());
    }
  }
  m_leaving.push_back({.leader = leader, .directory = group.directory});
  return used;
}

void JobCgroups::kill(pid_t leader) {
  if (const auto it = m_running.find(leader); it != m_running.end()) {
    kill_all_in(it->second.directory);
  }
  for (const auto& leaving : m_leaving) {
    if (leaving.leader == leader) {
      kill_all_in(leaving.directory);
    }
  }
}

std::optional<JobCgroups::Clock::time_point> JobCgroups::reap(const std::function<bool(pid_t leader)>& is_ending) {
  const auto now = Clock::now();
  for (auto it = m_leaving.begin(); it != m_leaving.end();) {
    bool done = remove_group(it->directory);
    if (!done && !is_ending(it->leader)) {
      it->give_up = it->give_up.value_or(now + k_timeout);
      kill_all_in(it->directory);
      done = now >= *it->give_up;
    }
    it = done ? m_leaving.erase(it) : std::next(it);
  }
  return m_leaving.empty() ? std::nullopt : std::optional(now + k_retry_interval);
}

}  // namespace torc::runner
