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

/// Ends whole process trees: those of jobs that are to end, and processes that jobs leave behind when they end.
///
/// A process belongs to a job if it is in the job's session, or a descendant of such a process, or (if it created its
/// own session and lost its parent, so that the kernel made it a child of this process, the subreaper) if its
/// environment names the job. A process that did all that and also cleared its environment is not found here;
/// proc::ProcessTreeGuard ends it at the end of the program.
///
/// Reaps the orphans that it finds, but never a job's leader, which proc::Child reaps. One thread.
class ProcessTrees {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param signal     Sent by `end` before SIGKILL.
  /// @param kill_more  Called once for each tree when it gets SIGKILL, to kill processes that are not found here.
  explicit ProcessTrees(int signal, std::function<void(pid_t leader)> kill_more = {});

  /// Records that the leader of a job's session was started.
  void started(pid_t leader, const JobKey& key);

  /// Records that the leader has ended and was reaped. The rest of its tree gets SIGTERM, and SIGKILL after 2 s.
  void leader_ended(pid_t leader);

  /// Ends the tree including its leader: the signal now, SIGKILL after `grace`, or earlier if the tree is already being
  /// ended with less.
  void end(pid_t leader, std::chrono::milliseconds grace);

  /// Sends SIGKILL now to all trees that are being ended.
  void kill_all();

  /// Sends the signals that are due, and reaps orphans. Call this once per turn of the event loop, and at the time that
  /// it returns.
  std::optional<Clock::time_point> reap();

  /// When the next tree gets SIGKILL.
  std::optional<Clock::time_point> next_kill(Clock::time_point now) const;

  /// Whether any tree that is being ended still has processes.
  bool ending() const { return !m_ending.empty(); }
  /// Whether this tree is being ended and may still have processes.
  bool ending(pid_t leader) const { return m_ending.contains(leader); }

 private:
  struct Ending {
    JobKey key;
    bool leader_reaped{false};
    Clock::time_point kill_at;
    int signal;
    Clock::time_point began{Clock::now()};
    std::set<pid_t> signaled{};  ///< Processes that got the signal.
    bool killed_more{false};
  };
  struct Snapshot {
    std::vector<proc::ProcessEntry> all;
    std::unordered_map<pid_t, const proc::ProcessEntry*> by_pid;
    std::unordered_map<pid_t, pid_t> leader_of;  ///< 0: not part of a job.
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
  std::unordered_map<pid_t, std::optional<JobKey>> m_orphans;  ///< The jobs that their environments name.
};

}  // namespace torc::runner
