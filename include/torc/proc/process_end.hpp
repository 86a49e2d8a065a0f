#pragma once

#include <sys/types.h>

#include "torc/base/fd.hpp"

namespace torc::proc {

/// A descriptor that becomes readable (poll, epoll) once the process has ended: a child of this process, or any other. A
/// child is not reaped. It is a pidfd or, on kernels before Linux 5.3, a pipe whose other end a thread closes.
/// @returns no descriptor, and errno, if there is no such process or it cannot be watched
base::Fd watch_process_end(pid_t pid);

/// Signals a process that `watch` was made for. If it is no pidfd, another process may have the pid by now: check that
/// the process is the one meant directly before.
void signal_process(const base::Fd& watch, pid_t pid, int number);

}  // namespace torc::proc
