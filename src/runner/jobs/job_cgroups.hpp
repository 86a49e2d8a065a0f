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

/// Holds jobs to their CPUs and memory by cgroups v2, where the group of this process is delegated to it: it may make
/// groups there, has the controllers, and holds no process but this one and its guardian. See job_cgroups.cpp for what
/// is made where.
///
/// Nothing here fails a job: what cannot be done is told once in the log, and whoever asked has to do without. One
/// thread.
class JobCgroups {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    std::optional<std::int64_t> memory_bytes{};  ///< Nothing: no limit.
    std::optional<std::int64_t> cpus{};          ///< Nothing: no limit.
  };

  /// The group of one job that is about to be started.
  struct Group {
    std::filesystem::path directory;
    base::Fd procs{};  ///< Its cgroup.procs, for proc::SpawnOptions.
    /// Set: the kernel sees to it that its processes use no more.
    std::optional<std::int64_t> memory_limit{};
  };

  /// Takes the place over, and removes what runners left there that are dead. Says in the log who holds jobs to their
  /// limits.
  JobCgroups(const CgroupPlaces& places, RunnerLog& log);
  JobCgroups(const JobCgroups&) = delete;
  JobCgroups& operator=(const JobCgroups&) = delete;
  /// Removes the groups, and puts this process back to where it was.
  ~JobCgroups();

  /// Whether there are groups for jobs.
  bool usable() const { return !m_tree.empty(); }

  /// @returns nothing where there is no group for this job
  std::optional<Group> make(const JobKey& key, const Limits& limits);

  /// The job was started with the group's `procs`.
  /// @returns whether the kernel sees to it that it uses no more memory than it may
  bool started(Group&& group, const proc::Child& leader);

  /// There is no job for the group: it is removed.
  void discard(Group&& group);

  /// The leader has ended; the group is removed once it is empty.
  /// @returns how much memory the job used, if the kernel killed processes of it because that was its limit
  std::optional<std::int64_t> ended(pid_t leader);

  /// Kills every process in the job's group.
  void kill(pid_t leader);

  /// Removes groups of jobs that have ended. What is still in there is killed, unless `is_ending` says that somebody
  /// else is about to end it.
  /// @returns when to call this again; nothing: all is done
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
  std::filesystem::path m_parent;  ///< The group that held this process at the beginning.
  std::filesystem::path m_tree;    ///< Empty: there are no groups.
  std::vector<std::string> m_controllers;
  bool m_has_warned{false};
  std::int64_t m_made{0};
  std::map<pid_t, Group> m_running;
  std::vector<Leaving> m_leaving;
};

}  // namespace torc::runner
