#include "torc/base/lock_holder.hpp"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <optional>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"

namespace torc::base {
namespace {

namespace fs = std::filesystem;

/// Parses a line of /proc/locks or fdinfo, beginning with the lock's number, and compares its file with `file`. Columns
/// (Documentation/filesystems/proc.rst, "locks"): NUMBER: KIND ADVISORY MODE PID MAJOR:MINOR:INODE FIRST LAST. A lock
/// that is only waited for has "->" after the number.
/// @returns the pid of the holder, -1 for a lock of an open file description; no value if the line is not a held lock
/// on the file
std::optional<pid_t> holder_in(const std::string& line, const struct stat& file) {
  std::istringstream words{line};
  std::string number;
  std::string kind;
  std::string strength;
  std::string mode;
  pid_t pid = 0;
  std::string where;
  if (!(words >> number >> kind >> strength >> mode >> pid >> where) || kind == "->") {
    return std::nullopt;
  }
  // The device is not compared, because on overlayfs and btrfs it differs from that of stat(2).
  const auto colon = where.rfind(':');
  const auto inode = colon == std::string::npos ? std::nullopt : parse_int(where.substr(colon + 1));
  return inode && static_cast<ino_t>(*inode) == file.st_ino ? std::optional(pid) : std::nullopt;
}

std::string device_in_proc(const struct stat& file) {
  return fmt::format("{:02x}:{:02x}:{}", major(file.st_dev), minor(file.st_dev), file.st_ino);
}

bool is_same_file(const fs::path& path, const struct stat& file) {
  struct stat other {};
  return ::stat(path.c_str(), &other) == 0 && other.st_dev == file.st_dev && other.st_ino == file.st_ino;
}

/// Whether a descriptor of the process holds a lock on the file.
bool holds_lock(const fs::path& process, const struct stat& file) {
  try {
    for (const auto& entry : fs::directory_iterator{process / "fd"}) {
      if (!is_same_file(entry.path(), file)) {
        continue;
      }
      std::istringstream lines{read_file_or_empty(process / "fdinfo" / entry.path().filename())};
      for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("lock:") && holder_in(line.substr(5), file)) {
          return true;
        }
      }
    }
  } catch (const fs::filesystem_error&) {
    // The process has ended, or belongs to another user.
  }
  return false;
}

bool is_alive(pid_t pid) {
  std::error_code ignored;
  return pid > 0 && fs::exists(fmt::format("/proc/{}", pid), ignored);
}

/// Only the name, because arguments of other programs may contain secrets, and the result goes to logs.
std::string command_of(pid_t pid) {
  return printable(trim(read_file_or_empty(fmt::format("/proc/{}/comm", pid))));
}

}  // namespace

std::vector<LockHolder> lock_holders(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) {
    return {};
  }
  std::set<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{"/proc", ignored}) {
    if (const auto pid = parse_int(entry.path().filename().string()); pid && holds_lock(entry.path(), file)) {
      found.insert(static_cast<pid_t>(*pid));
    }
  }
  const std::string device = device_in_proc(file);
  std::istringstream lines{read_file_or_empty("/proc/locks")};
  for (std::string line; std::getline(lines, line);) {
    const auto pid = holder_in(line, file);
    if (pid && is_alive(*pid) && line.find(device) != std::string::npos) {
      found.insert(*pid);
    }
  }
  std::vector<LockHolder> holders;
  for (const pid_t pid : found) {
    holders.push_back({.pid = pid, .command = command_of(pid)});
  }
  return holders;
}

std::string describe(const std::vector<LockHolder>& holders) {
  std::string text;
  for (const auto& holder : holders) {
    text += fmt::format("{}process {}{}", text.empty() ? "" : ", ", holder.pid,
                        holder.command.empty() ? "" : fmt::format(" ({})", holder.command));
  }
  return text;
}

}  // namespace torc::base
