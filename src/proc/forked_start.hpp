#pragma once

#include <signal.h>
#include <sys/types.h>

#include "torc/proc/spawn.hpp"

namespace torc::proc {

/// How a start by fork(2) went.
struct ForkedStart {
  pid_t pid{-1};      ///< -1: there is no child.
  int join_error{0};  ///< The errno value that says why it is not in the group it was to join.
  int error{0};       ///< The errno value that says why the program was not executed; 0 where it was not tried.
};

/// Starts what the options say in the group of `options.join_fd`, which posix_spawn(3) cannot do before glibc 2.39.
///
/// By fork and not by vfork, as posix_spawn does it: a process that shares this one's memory must not be in a group
/// with a limit, since the kernel, short of memory there, ends all processes that share it: this one, too.
/// @param mask  The child's signal mask.
ForkedStart fork_and_execute(const SpawnOptions& options, char* const* argv, char* const* env, const sigset_t& mask);

}  // namespace torc::proc
