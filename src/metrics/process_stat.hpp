#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace torc::metrics {

/// The fields of /proc/PID/stat that are used here. Times are in clock ticks.
struct ProcessStat {
  pid_t pid{0};
  char state{'?'};
  pid_t parent{0};
  pid_t session{0};
  std::uint64_t own_ticks{0};       ///< Used by the process.
  std::uint64_t children_ticks{0};  ///< Used by reaped children, and by theirs.
  std::uint64_t start_ticks{0};     ///< Since boot; identifies a process together with the pid.
  std::int64_t resident_pages{0};

  bool zombie() const { return state == 'Z' || state == 'X'; }
  std::uint64_t ticks() const { return own_ticks + children_ticks; }
};

/// @param text  The content of the file. The program's name in it may contain any byte.
std::optional<ProcessStat> parse_process_stat(pid_t pid, std::string_view text);

/// No value if the process does not exist. Does not allocate memory.
/// @param proc_directory  A descriptor of /proc
std::optional<ProcessStat> read_process_stat(int proc_directory, pid_t pid);

}  // namespace torc::metrics
