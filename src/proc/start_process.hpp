#pragma once

#include <signal.h>
#include <sys/types.h>

#include "torc/proc/spawn.hpp"

namespace torc::proc {

/// How a start went.
struct ProcessStart {
  pid_t pid{-1};      ///< -1: there is no child.
  int error{0};       ///< Then: the errno value that says why.
  int join_error{0};  ///< The errno value that says why it is not in the group that it was to join.
};

/// Starts what the options say: what posix_spawn(3) does, and also what it cannot do, which is to join a group (before
/// glibc 2.39) and to give the child another limit of open files.
///
/// By vfork(2), as posix_spawn does it, so that a start costs no more in a program that has much memory. By fork(2)
/// where the child joins a group: a process that shares this one's memory must not be in a group with a limit, since
/// the kernel, short of memory there, ends all processes that share it: this one, too.
/// @param mask  The child's signal mask.
ProcessStart start_process(const SpawnOptions& options, char* const* argv, char* const* env, const sigset_t& mask);

}  // namespace torc::proc
