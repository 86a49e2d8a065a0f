// Theory of operation: a cgroup that hands controllers on to groups below it may hold no processes itself. So this
// process and its guardian move out of the group they were started in (OWN) into one below it, and jobs get others:
//
//   OWN/torc-PID-TICKS/runner    this process and its guardian
//   OWN/torc-PID-TICKS/job-J-A-N job J in its attempt A, the Nth that this runner made
//
// PID and TICKS (its start) name the owner, so that several do not meet, and one that finds such a directory knows
// whether its owner lives. Where another process is in OWN, this cannot be done, and is not tried: nobody moves
// processes that are not his own.
//
// A job's first process moves into its group before it executes the job's program (proc::SpawnOptions::join_fd): no
// process of a job is ever elsewhere. The kernel kills a group as a whole that is out of memory (memory.oom.group); it
// counts that in memory.events, which is read when the job has ended.
//
// Files of cgroups cannot be made or unlinked, and directories are removed with the files in them. Opening them with
// O_CREAT and unlinking what keeps a directory from being removed does nothing there, and everything in a made-up tree
// of plain files.

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
/// Of a group whose processes were killed; what the kernel does not let go by then, the next runner finds.
constexpr milliseconds k_patience{3'000};
constexpr std::int64_t k_cpu_period_us = 100'000;

base::Fd open_to_write(const fs::path& file, int flags) {
  return base::open_file(file, O_WRONLY | O_CREAT | flags);
}

/// @throws base::SystemError
void write_to(const fs::path& file, std::string_view text, int flags = O_TRUNC) {
  const base::Fd fd = open_to_write(file, flags);
  // One call: the kernel takes each for a whole.
  if (::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw base::SystemError("cannot write " + file.string());
  }
}

/// @returns whether that went well
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
    throw base::SystemError("cannot make " + directory.string());
  }
}

std::optional<std::int64_t> number_in(const fs::path& file) {
  return base::parse_int(base::trim(base::read_file_or_empty(file)));
}

/// The value in a file of lines "NAME VALUE".
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
    // One that this process's namespace does not show is 0.
    pids.push_back(static_cast<pid_t>(base::parse_int(line).value_or(0)));
  }
  return pids;
}

/// The runner, and its guardian where it has one.
std::vector<pid_t> own_processes() {
  std::vector<pid_t> pids{::getpid()};
  if (const pid_t guardian = proc::guardian(); guardian > 0) {
    pids.push_back(guardian);
  }
  return pids;
}

/// Removes a group and those below it as far as no processes are in them. @returns whether it is gone
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
  for (const pid_t pid : processes_in(group)) {  // Linux before 5.14.
    if (pid > 1 && pid != ::getpid()) {
      ::kill(pid, SIGKILL);
    }
  }
}

std::string tree_name() {
  return fmt::format("{}{}-{}", k_prefix, ::getpid(), proc::start_ticks(::getpid()).value_or(0));
}

/// Whether the directory is that of a runner that lives no more.
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
    m_log.info("jobs are held to their limits by cgroups below {} ({}){}", m_tree.string(),
               base::join(m_controllers, ", "), has("memory") ? "" : ", to their memory by sampling");
  } catch (const std::exception& error) {
    tear_down();
    m_log.info("jobs are held to their memory by sampling, not by cgroups: {}", error.what());
  }
}

JobCgroups::~JobCgroups() {
  tear_down();
}

bool JobCgroups::has(std::string_view controller) const {
  return std::find(m_controllers.begin(), m_controllers.end(), controller) != m_controllers.end();
}

/// @throws base::Error that says why there can be no groups
void JobCgroups::set_up(const CgroupPlaces& places) {
  const auto own = find_own_cgroup(places);
  if (!own) {
    throw base::Error("this process is in no cgroup v2 that can be seen");
  }
  m_parent = own->directory;
  remove_leftovers();
  for (const auto& word : base::split(base::trim(base::read_file(m_parent / "cgroup.controllers")), ' ')) {
    if (word == "cpu" || word == "memory") {
      m_controllers.push_back(word);
    }
  }
  if (m_controllers.empty()) {
    throw base::Error(m_parent.string() + " has neither the controller cpu nor memory");
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
  base::read_file(m_parent / "cgroup.procs");  // Throws where it is not there.
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
    // In this order: what hands controllers on holds no processes. Where another runner uses them, this one stays.
    try_write(m_tree / "cgroup.subtree_control", controls('-'));
    try_write(m_parent / "cgroup.subtree_control", controls('-'));
    for (const pid_t pid : own_processes()) {
      try_write(m_parent / "cgroup.procs", fmt::format("{}\n", pid), O_APPEND);
    }
    remove_group(m_tree);
  } catch (const std::exception&) {
    // The next runner removes what is left.
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
  // The last number: the same attempt may come again before what was in its group is gone.
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
      // Kernels without swap have no such file; those before 4.19 not the other: there one process is killed at a time.
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
    warn(fmt::format("no process can be moved to {}: {}", group.directory.string(),
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
    // Counted here are also kills for limits further up, or of groups below; the other file knows whose limit it was.
    const bool was_own = value_in(group.directory / "memory.events.local", "oom").value_or(1) > 0;
    if (group.memory_limit && was_own) {
      used = number_in(group.directory / "memory.peak").value_or(*group.memory_limit);
    } else {
      m_log.warning(
          "{}: the kernel killed processes of the job for want of memory, though its own limit was not reached",
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
      it->give_up = it->give_up.value_or(now + k_patience);
      kill_all_in(it->directory);
      done = now >= *it->give_up;
    }
    it = done ? m_leaving.erase(it) : std::next(it);
  }
  return m_leaving.empty() ? std::nullopt : std::optional(now + k_retry_interval);
}

}  // namespace torc::runner
