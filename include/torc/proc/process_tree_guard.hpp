#pragma once

namespace torc::proc {

/// Ends all descendants of this process, including those with their own sessions: SIGTERM, SIGKILL after 2 s. Also
/// reaps all children of this process.
void end_processes_below() noexcept;

/// For programs that must not leave any child processes behind: makes this process a subreaper, and in the destructor
/// calls `end_processes_below`.
///
/// Create it in the main thread. At its destruction, no other part of the program may still use child processes.
class ProcessTreeGuard {
 public:
  /// @throws SystemError
  ProcessTreeGuard();
  ProcessTreeGuard(const ProcessTreeGuard&) = delete;
  ProcessTreeGuard& operator=(const ProcessTreeGuard&) = delete;
  ~ProcessTreeGuard();
};

}  // namespace torc::proc
