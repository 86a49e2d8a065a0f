#pragma once

#include <signal.h>
#include <sys/types.h>

#include "torc/proc/spawn.hpp"

namespace torc::proc {

/// The outcome of a start.
struct ProcessStart {
  pid_t pid{-1};      ///< -1 if there is no child.
  int error{0};       ///< The reason in that case, as an errno value.
  int join_error{0};  ///< Why the child could not join the cgroup, as an errno value.
};

/// Starts a process as posix_spawn(3) does, and supports what it does not: joining a cgroup (before glibc 2.39), and
/// another limit of open files for the child.
///
/// Uses vfork(2), as posix_spawn does, so that a start does not cost more in a program with much memory. Uses fork(2)
/// if the child joins a cgroup: a process that shares this one's memory must not be in a group with a memory limit,
/// because the kernel would kill all processes that share the memory, including this one.
/// @param mask  The child's signal mask.
ProcessStart start_process(const SpawnOptions& options, char* const* argv, char* const* env, const sigset_t& mask);

}  // namespace torc::proc
