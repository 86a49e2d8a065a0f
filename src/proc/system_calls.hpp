#pragma once

// System calls that older kernels, headers or C libraries do not have. Their numbers are the same on every
// architecture. Each fails with ENOSYS on a kernel without it.

#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

namespace torc::proc {

/// Since Linux 5.3.
inline int pidfd_open(pid_t pid) {
  return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
}

/// Since Linux 5.1.
inline int pidfd_send_signal(int pidfd, int number) {
  return static_cast<int>(::syscall(SYS_pidfd_send_signal, pidfd, number, nullptr, 0U));
}

/// Closes this descriptor and all above it. Since Linux 5.9; `close_from` works everywhere.
inline int close_range_from(int first) {
  return static_cast<int>(::syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 0U));
}

/// Closes this descriptor and all above it. Safe in a signal handler, and in the child of a vfork.
void close_from(int first);

}  // namespace torc::proc
