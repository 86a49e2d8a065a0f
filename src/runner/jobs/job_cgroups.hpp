#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/jobs/job_process.hpp"
#include "runner/runner_log.hpp"
#include "torc/base/fd.hpp"
#include "torc/proc/spawn.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner {

/// Limits the CPUs and memory of jobs with cgroups v2, if the cgroup of this process is delegated to it: it may create
/// groups there, has the controllers, and contains no processes except this one and its guardian. See job_cgroups.cpp
/// for the groups that are created.
///
/// Nothing here makes a job fail: the first error is logged as a warning, and jobs run without these limits. One
/// thread.
class JobCgroups {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    std::optional<std::int64_t> memory_bytes{};  ///< No value: unlimited.
    std::optional<std::int64_t> cpus{};          ///< No value: unlimited.
  };

  /// The cgroup of a job that is about to be started.
  struct Group {
    std::filesystem::path directory;
    base::Fd procs{};  ///< Its open cgroup.procs, for proc::SpawnOptions.
    /// The memory limit in bytes that the kernel enforces, if any.
    std::optional<std::int64_t> memory_limit{};
  };

  /// Sets up the groups, and removes those that dead runners left. Logs how the limits of jobs are enforced.
  JobCgroups(const CgroupPlaces& places, RunnerLog& log);
  JobCgroups(const JobCgroups&) = delete;
  JobCgroups& operator=(const JobCgroups&) = delete;
  /// Removes the groups, and moves this process back to its original group.
  ~JobCgroups();

  /// Whether groups can be created for jobs.
  bool usable() const { return !m_tree.empty(); }

  /// Creates a group. @returns no value if that fails, or if groups are not usable
  std::optional<Group> make(const JobKey& key, const Limits& limits);

  /// Records that the job was started with the group's `procs`.
  /// @returns whether the kernel enforces the job's memory limit
  bool started(Group&& group, const proc::Child& leader);

  /// Removes a group whose job was not started.
  void discard(Group&& group);

  /// Records that the leader has ended; the group is removed once it is empty.
  /// @returns the job's memory usage in bytes if the kernel killed processes of it because of its limit
  std::optional<std::int64_t> ended(pid_t leader);

  /// Kills every process in the group of a job.
  void kill(pid_t leader);

  /// Removes groups of jobs that have ended. Kills processes that are still in them, unless `is_ending` says that the
  /// job's process tree is already being ended.
  /// @returns when to call this again; no value if all groups are gone
  std::optional<Clock::time_point> reap(const std::function<bool(pid_t leader)>& is_ending);

 private:
  struct Leaving {
    pid_t leader{0};
    std::filesystem::path directory;
    std::optional<Clock::time_point> give_up{};
  };

  void set_up(const CgroupPlaces& places);
  void refuse_foreign_processes() const;
  void remove_leftovers() const;
  void tear_down() noexcept;
  bool has(std::string_view controller) const;
  std::string controls(char sign) const;
  void limit(Group& group, const Limits& limits);
  void warn(const std::string& what);

  RunnerLog& m_log;
  std::filesystem::path m_parent;  ///< The original group of this process.
  std::filesystem::path m_tree;    ///< Empty if groups are not usable.
  std::vector<std::string> m_controllers;
  bool m_has_warned{false};
  std::int64_t m_made{0};
  std::map<pid_t, Group> m_running;
  std::vector<Leaving> m_leaving;
};

}  // namespace torc::runner
