#pragma once

namespace torc::base {

/// Removes a variable from this process's environment and overwrites its bytes. unsetenv alone does not change the
/// memory that the kernel shows in /proc/PID/environ (proc_pid_environ(5)) to all processes of the same user. Copy the
/// value before if it is needed.
///
/// Thread-safety: call this while the process has only one thread.
void erase_variable(const char* name);

}  // namespace torc::base
