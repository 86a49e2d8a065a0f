#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "torc/metrics/usage.hpp"

namespace torc::metrics {

/// What the processes of one job use, as a pass found it.
struct JobUsage {
  pid_t leader{0};
  double cpu_seconds{0};         ///< So far, processes that ended included.
  double cpu_percent{0};         ///< Since the pass before; 100 is one CPU.
  std::int64_t memory_bytes{0};  ///< Sum of resident memory: pages that processes share count for each of them.
  std::int64_t processes{0};     ///< That live; zombies are none.
};

/// What a job used from its start to its end.
struct JobSummary {
  UsageSummary usage{};  ///< CPU as in JobUsage. Its average is exact: time used by time passed.
  double cpu_seconds{0};
  double elapsed_seconds{0};
};

/// Measures whole process trees by looking at /proc now and then.
///
/// A process belongs to a job if it is in the session that the job's first process leads, if its parent belongs to the
/// job, or if it did at an earlier pass. A process that left the session and lost its parent between two passes is a
/// child of this process, where that is a subreaper; `OrphanOwner` tells then whose it is.
///
/// CPU time of a process that ended is not lost: its parent has it once it was reaped, and what no parent took over is
/// kept here as of the last pass. A pass reads one file for each process of a job and lists /proc; processes that are
/// nobody's are read once and then known by their inode.
///
/// No thread of its own. The calls are made by one thread, or under one lock of the owner.
class ProcessSampler {
 public:
  using Clock = std::chrono::steady_clock;
  /// Gets a child of this process that is in no job's session; returns the leader of the job it belongs to, or 0.
  /// Asked once for each such process, and again where the answer was 0, from time to time.
  using OrphanOwner = std::function<pid_t(pid_t orphan)>;

  /// @throws base::SystemError where there is no /proc
  explicit ProcessSampler(OrphanOwner owner_of = {});
  ProcessSampler(const ProcessSampler&) = delete;
  ProcessSampler& operator=(const ProcessSampler&) = delete;
  ~ProcessSampler();

  /// A job was started: `leader` leads a session of its own. To be called before the next pass.
  void add(pid_t leader, Clock::time_point started = Clock::now());

  /// One pass over /proc.
  /// @returns each job that was added and not finished, in the order of their leaders' pids; valid until the next call
  const std::vector<JobUsage>& sample(Clock::time_point now = Clock::now());

  /// The job is over; it is forgotten. Called before the leader is reaped it is exact to the end, since the kernel
  /// still tells then what the leader and its children used; called afterwards it knows what the last pass saw.
  JobSummary finish(pid_t leader, Clock::time_point now = Clock::now());

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace torc::metrics
