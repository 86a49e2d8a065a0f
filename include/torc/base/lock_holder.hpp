#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace torc::base {

/// A process with a lock on a file.
struct LockHolder {
  pid_t pid{0};
  std::string command{};  ///< Printable name of its program; empty if unknown.
};

/// The living processes, including this one, that hold a lock of any kind (flock, POSIX, open file description) on the
/// file. Reads /proc/locks, and also /proc/PID/fdinfo, because the former names neither the holders of open file
/// description locks nor processes that inherited a descriptor. Processes that /proc hides (those of other users with
/// hidepid, or outside of a container) are missing. Does not open the file, because closing it would drop POSIX locks
/// of this process.
std::vector<LockHolder> lock_holders(const std::string& path);

/// "process 12 (torc), process 13", or "" if no holder is found.
std::string describe(const std::vector<LockHolder>& holders);

}  // namespace torc::base
