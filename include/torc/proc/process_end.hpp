#pragma once

#include <sys/types.h>

#include "torc/base/fd.hpp"

namespace torc::proc {

/// A descriptor that becomes readable (poll, epoll) when the process, which need not be a child, has ended. Does not
/// reap children. The descriptor is a pidfd or, on kernels before Linux 5.3, a pipe whose other end a thread closes.
/// @returns no descriptor, with errno set, if there is no such process or it cannot be watched
base::Fd watch_process_end(pid_t pid);

/// Signals the process that `watch` was created for. If `watch` is not a pidfd, another process may have the pid by
/// now: check the identity of the process directly before.
void signal_process(const base::Fd& watch, pid_t pid, int number);

}  // namespace torc::proc
