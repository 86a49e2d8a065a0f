#pragma once

namespace torc::base {

/// Takes a variable out of this process's environment, and overwrites its bytes: the kernel shows the memory that a
/// program was started with in /proc/PID/environ (proc_pid_environ(5)), where unsetenv alone leaves it readable for all
/// processes of the same user. Whoever needs the value copies it before.
///
/// Thread-safety: to be called while the process has one thread.
void erase_variable(const char* name);

}  // namespace torc::base
