#pragma once

#include <sys/types.h>

namespace torc::proc {

/// Splits this program in two, so that nothing it starts outlives it whatever becomes of it, SIGKILL included. The call
/// returns in the child, which goes on as the program. The parent, which keeps the pid that others know, becomes its
/// guardian: it hands signals on to the child, waits for its end, then ends every process below (SIGTERM, after 2 s
/// SIGKILL) and exits as the child did, with 128 + N where signal N ended it.
///
/// The child has a process group of its own, so that a signal to the group of the parent (Ctrl-C on a terminal) reaches
/// it once. It gets SIGTERM should the guardian be killed. Called while there is only one thread.
///
/// Both are made non-dumpable (PR_SET_DUMPABLE, prctl(2)), because they hold passwords: no other process of the same
/// user can read their memory, environment or open files (ptrace, most of /proc/PID), and they leave no core dump. A
/// program that is started by a job of torc (TORC_JOB_ID is set) stays dumpable: the runner above finds what a job left
/// behind by /proc/PID/environ, and the job's own shell has what there is to hide.
/// @throws base::SystemError
void split_off_guardian();

/// The process that `split_off_guardian` made this one's guardian; 0 where it has none, or it lives no more.
pid_t guardian();

}  // namespace torc::proc
