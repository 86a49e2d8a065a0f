#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "runner/jobs/job_process.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::runner {

/// Ends whole process trees of jobs: those of jobs that are to end, and what jobs leave behind when they end.
///
/// A process belongs to a job if it is in the job's session, below one that is, or (where it made a session of its own
/// and lost its parent, so that this process as subreaper was given it) if its environment names the job. A process
/// that did all that and cleared its environment is found by nobody here; proc::ProcessTreeGuard ends it in the end.
///
/// Reaps the orphans it finds, never a job's leader: that one is its proc::Child's. One thread.
class ProcessTrees {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param signal     Sent to what `end` ends, before SIGKILL.
  /// @param kill_more  Called once for each tree when it gets SIGKILL: kills those that are not found here.
  explicit ProcessTrees(int signal, std::function<void(pid_t leader)> kill_more = {});

  /// The leader of a job's session was started.
  void started(pid_t leader, const JobKey& key);

  /// The leader has ended and was reaped. What is left of its tree gets SIGTERM, and SIGKILL after 2 s.
  void leader_ended(pid_t leader);

  /// Ends the tree, its leader included: the signal now, SIGKILL after `grace`; earlier where it is ended already.
  void end(pid_t leader, std::chrono::milliseconds grace);

  /// Kills the trees that are being ended at once.
  void kill_all();

  /// Does what is due. To be called once for each turn of the event loop, and at the time it returns.
  std::optional<Clock::time_point> reap();

  /// When the next of them gets SIGKILL.
  std::optional<Clock::time_point> next_kill(Clock::time_point now) const;

  /// Whether something is left of trees that are to end.
  bool ending() const { return !m_ending.empty(); }
  /// Whether something may be left of this one.
  bool ending(pid_t leader) const { return m_ending.contains(leader); }

 private:
  struct Ending {
    JobKey key;
    bool leader_reaped{false};
    Clock::time_point kill_at;
    int signal;
    Clock::time_point began{Clock::now()};
    std::set<pid_t> told{};  ///< Got the signal.
    bool killed_more{false};
  };
  struct Snapshot {
    std::vector<proc::ProcessEntry> all;
    std::unordered_map<pid_t, const proc::ProcessEntry*> by_pid;
    std::unordered_map<pid_t, pid_t> leader_of;  ///< 0: no job's
  };

  void find_leftovers();
  void sweep(Clock::time_point now);
  pid_t leader_of(pid_t pid, Snapshot& snapshot);
  pid_t leader_by_environment(pid_t orphan);
  const std::optional<JobKey>& key_of_orphan(pid_t orphan);

  const int m_signal;
  const std::function<void(pid_t leader)> m_kill_more;
  std::map<pid_t, JobKey> m_running;
  std::map<pid_t, Ending> m_ending;
  std::map<pid_t, JobKey> m_just_ended;
  std::unordered_map<pid_t, std::optional<JobKey>> m_orphans;  ///< What their environments said.
};

}  // namespace torc::runner
