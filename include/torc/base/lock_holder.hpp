#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace torc::base {

/// A process that holds a lock on a file.
struct LockHolder {
  pid_t pid{0};
  std::string command{};  ///< The name of its program, printable; empty if it cannot be read.
};

/// The living processes, this one included, that hold a lock of any kind (flock, POSIX, open file description) on the
/// file. Reads /proc/locks and, as that names neither the holders of locks of open file descriptions nor heirs of a
/// descriptor, /proc/PID/fdinfo. Processes that /proc hides (of other users with hidepid, outside a container) are
/// missing. Opens none of the files, which would drop POSIX locks of this process.
std::vector<LockHolder> lock_holders(const std::string& path);

/// "process 12 (torc), process 13", or "" if no holder is found.
std::string describe(const std::vector<LockHolder>& holders);

}  // namespace torc::base
