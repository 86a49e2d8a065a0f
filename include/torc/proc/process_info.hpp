#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torc::proc {

/// Start time of a process in clock ticks since boot (proc(5), field 22 of /proc/PID/stat), which distinguishes it from
/// a later process with the same pid. No value if the process does not exist.
std::optional<std::uint64_t> start_ticks(pid_t pid);

/// Recorded in place of a boot ID that cannot be read. The scripts on workers use the same word.
inline constexpr const char* k_unknown_boot = "unknown";
/// The boot ID of this machine (/proc/sys/kernel/random/boot_id), or `k_unknown_boot`.
std::string boot_id();
/// Whether a process recorded with this boot ID may still be running: false if the machine has certainly been booted
/// since. If true, compare pid and start time. An older torc recorded an unknown boot as "".
bool may_be_this_boot(const std::string& boot);

/// The name of this machine from gethostname(2).
std::string host_name();

/// A process of this machine, as read from /proc.
struct ProcessEntry {
  pid_t pid{0};
  pid_t parent{0};
  pid_t session{0};
  bool zombie{false};  ///< Ended, but not yet reaped by its parent.
};

/// All visible processes.
std::vector<ProcessEntry> all_processes();

/// The direct children of this process, including ended ones that were not reaped.
std::vector<pid_t> children_of_this_process();

/// The environment that a process was started with, as "NAME=value" entries. Empty if the process has ended or belongs
/// to another user.
std::vector<std::string> environment_of(pid_t pid);

/// Reaps an ended child of this process that no `Child` owns, such as an orphan that the kernel gave to this subreaper.
/// @returns whether it was reaped
bool reap_orphan(pid_t pid);

/// All descendants of `root`, without `root` itself, including orphans that were reparented to `root` as their
/// subreaper.
std::vector<pid_t> descendants(pid_t root);

/// Makes this process the subreaper of orphans below it (prctl(2), PR_SET_CHILD_SUBREAPER), so that `descendants` finds
/// processes that created their own sessions. @throws SystemError
void become_subreaper();

/// Signals each process below `root`. Repeats until there are no new processes, to find those started meanwhile.
void signal_descendants(pid_t root, int number);

}  // namespace torc::proc
