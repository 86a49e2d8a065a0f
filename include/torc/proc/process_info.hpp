#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torc::proc {

/// What tells a process from another that has its pid later: proc(5), field 22 of /proc/PID/stat, clock ticks after
/// boot.
/// Nothing where there is no such process.
std::optional<std::uint64_t> start_ticks(pid_t pid);

/// Stands for the id of a boot if it cannot be read, in everything that notes one. The scripts on workers use the same word.
inline constexpr const char* k_unknown_boot = "unknown";
/// The id of this boot of the machine (/proc/sys/kernel/random/boot_id), or `k_unknown_boot`.
std::string boot_id();
/// Whether a process that was noted with this boot id may still run: false if the machine has booted since for certain. If
/// true, its pid and start time decide. An older torc noted an unknown boot as "".
bool may_be_this_boot(const std::string& boot);

/// The name of this machine, as gethostname(2) tells it.
std::string host_name();

/// One process of this machine, as a moment's look at /proc shows it.
struct ProcessEntry {
  pid_t pid{0};
  pid_t parent{0};
  pid_t session{0};
  bool zombie{false};  ///< Ended, and not yet reaped by its parent.
};

/// Every process that can be seen.
std::vector<ProcessEntry> all_processes();

/// The direct children of this process, those that ended and were not reaped among them.
std::vector<pid_t> children_of_this_process();

/// The environment that a process was started with, "NAME=value" each; empty where it is gone or another user's.
std::vector<std::string> environment_of(pid_t pid);

/// Reaps a child of this process that no `Child` owns, if it has ended: an orphan that a subreaper was given.
/// @returns whether it was reaped
bool reap_orphan(pid_t pid);

/// Every process below `root` (children, their children, ...), `root` left out; those that were reparented to `root`
/// as their subreaper are among them.
std::vector<pid_t> descendants(pid_t root);

/// Makes this process the parent of orphans below it (prctl(2), PR_SET_CHILD_SUBREAPER), so that `descendants` finds
/// processes that made sessions of their own. @throws SystemError
void become_subreaper();

/// Signals each process below `root`. Processes started meanwhile are found by repeating until none is new.
void signal_descendants(pid_t root, int number);

}  // namespace torc::proc
