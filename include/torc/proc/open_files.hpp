#pragma once

#include <sys/resource.h>

namespace torc::proc {

/// Raises this process's limit of open files (the soft RLIMIT_NOFILE, 1024 on most systems) as far as the system
/// permits, but not above `most`: a runner needs a descriptor per job, a server one per client. Children that
/// proc::Child starts get the original limit, because programs that use select(2), or close all possible descriptors,
/// rely on a low one.
///
/// Call this from one thread at a time, before children are started. On failure, the limit stays unchanged.
/// @returns the new limit
rlim_t raise_open_files(rlim_t most = RLIM_INFINITY);

/// In a child before execve: restores the original limit. Safe between fork or vfork and execve.
void restore_open_files();

}  // namespace torc::proc
