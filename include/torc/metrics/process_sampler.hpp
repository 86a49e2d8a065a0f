#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "torc/metrics/usage.hpp"

namespace torc::metrics {

/// The resource usage of the processes of one job, measured by one pass.
struct JobUsage {
  pid_t leader{0};
  double cpu_seconds{0};         ///< In total, including processes that have ended.
  double cpu_percent{0};         ///< Since the previous pass; 100 is one CPU.
  std::int64_t memory_bytes{0};  ///< Sum of the processes' resident memory. Shared pages count once per process.
  std::int64_t processes{0};     ///< Living processes, without zombies.
};

/// The resource usage of a job from its start to its end.
struct JobSummary {
  UsageSummary usage{};  ///< CPU as in JobUsage. The average is exact: CPU time divided by elapsed time.
  double cpu_seconds{0};
  double elapsed_seconds{0};
};

/// Measures whole process trees by periodic passes over /proc.
///
/// A process belongs to a job if it is in the session that the job's first process leads, if its parent belongs to the
/// job, or if it belonged to the job at an earlier pass. A process that left the session and lost its parent between
/// two passes becomes a child of this process, if this process is a subreaper; `OrphanOwner` then finds its job.
///
/// The CPU time of processes that have ended is not lost: it is in the parent's count if the parent has reaped them;
/// otherwise the time of the last pass is kept here. A pass lists /proc and reads one file per process of a job.
/// Processes that belong to no job are read once and then recognized by their inode.
///
/// Has no thread. All calls must be made by one thread, or under one lock.
class ProcessSampler {
 public:
  using Clock = std::chrono::steady_clock;
  /// Returns the leader of the job that `orphan`, a child of this process outside of all job sessions, belongs to, or
  /// 0. Called once per such process, and again from time to time after 0.
  using OrphanOwner = std::function<pid_t(pid_t orphan)>;

  /// @throws base::SystemError if /proc cannot be read
  explicit ProcessSampler(OrphanOwner owner_of = {});
  ProcessSampler(const ProcessSampler&) = delete;
  ProcessSampler& operator=(const ProcessSampler&) = delete;
  ~ProcessSampler();

  /// Adds a job that was started; `leader` leads its session. Call this before the next pass.
  void add(pid_t leader, Clock::time_point started = Clock::now());

  /// Makes one pass over /proc.
  /// @returns the usage of each job that was added and not finished, ordered by the leaders' pids; valid until the next
  /// call
  const std::vector<JobUsage>& sample(Clock::time_point now = Clock::now());

  /// Removes a job that has ended. If called before the leader is reaped, the summary is exact, because the kernel
  /// still has the CPU time of the leader and its children; otherwise it is that of the last pass.
  JobSummary finish(pid_t leader, Clock::time_point now = Clock::now());

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace torc::metrics
