#pragma once

namespace torc::proc {

/// Ends every process below this one, whatever sessions they made: SIGTERM, after 2 s SIGKILL. Every child of this
/// process counts as its own. Throws nothing.
void end_processes_below() noexcept;

/// For programs that start others and must leave none behind: makes this process the parent of orphans below it, and
/// at the end of its life ends every process below this one, whatever sessions they made: SIGTERM, after 2 s SIGKILL.
///
/// Made in the main thread; at its end every child of this process counts as its own.
class ProcessTreeGuard {
 public:
  /// @throws SystemError
  ProcessTreeGuard();
  ProcessTreeGuard(const ProcessTreeGuard&) = delete;
  ProcessTreeGuard& operator=(const ProcessTreeGuard&) = delete;
  ~ProcessTreeGuard();
};

}  // namespace torc::proc
