#pragma once

#include <sys/resource.h>

namespace torc::proc {

/// Raises this process's limit of open files (the soft RLIMIT_NOFILE, 1024 on most systems) as far as the system lets
/// it, but not above `most`: a runner holds a descriptor for each job, a server one for each client. Children that
/// proc::Child starts get the limit that this process was started with: programs that use select(2), or close every
/// descriptor that there could be, rely on a low one.
///
/// One thread at a time, and before children are started. Where it cannot be raised it stays as it is.
/// @returns the limit from now on
rlim_t raise_open_files(rlim_t most = RLIM_INFINITY);

/// Gives this process, a child that has executed nothing yet, the limit that its parent was started with. Safe between
/// fork or vfork and execve.
void restore_open_files();

}  // namespace torc::proc
