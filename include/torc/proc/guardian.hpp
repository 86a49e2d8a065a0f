#pragma once

#include <sys/types.h>

namespace torc::proc {

/// Splits this program in two, so that no process that it starts outlives it, even if it is killed with SIGKILL. The
/// call returns in the child, which continues as the program. The parent, which keeps the pid that other processes
/// know, becomes its guardian: it forwards signals to the child, waits for its end, then ends every process below
/// (SIGTERM, SIGKILL after 2 s) and exits like the child, with 128 + N if signal N ended it.
///
/// The child has its own process group, so that a signal to the parent's group (Ctrl-C on a terminal) reaches it only
/// once. It gets SIGTERM if the guardian is killed. Call this while there is only one thread.
///
/// Both processes become non-dumpable (PR_SET_DUMPABLE, prctl(2)), because they have passwords in memory: no other
/// process of the same user can read their memory, environment or open files (ptrace, most of /proc/PID), and they
/// leave no core dumps. A program that is started by a job of torc (TORC_JOB_ID is set) stays dumpable, because the
/// runner finds processes left by a job through /proc/PID/environ, and the job's own shell has the same secrets.
/// @throws base::SystemError
void split_off_guardian();

/// The pid of this process's guardian; 0 if it has none, or the guardian is dead.
pid_t guardian();

}  // namespace torc::proc
