#include "proc/system_calls.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "torc/base/fd.hpp"

namespace torc::proc {
namespace {

/// The part of a getdents64(2) entry before the name.
struct EntryHead {
  std::uint64_t inode;
  std::int64_t offset;
  std::uint16_t size;
  std::uint8_t type;
};
constexpr std::size_t k_name_offset = offsetof(EntryHead, type) + 1;

/// @returns -1 for "." and ".."
int number_of(const char* name) {
  int number = *name == '.' ? -1 : 0;
  for (; *name >= '0' && *name <= '9'; ++name) {
    number = number * 10 + (*name - '0');
  }
  return number;
}

/// Closes the descriptors listed in the buffer. @returns whether there were any
bool close_entries(const char* entries, std::size_t size, int first, int directory) {
  bool closed = false;
  for (std::size_t at = 0; at < size;) {
    EntryHead head{};
    std::memcpy(&head, entries + at, k_name_offset);
    const int fd = number_of(entries + at + k_name_offset);
    if (fd >= first && fd != directory) {
      ::close(fd);
      closed = true;
    }
    at += head.size;
  }
  return closed;
}

/// @returns false if /proc cannot be read
bool close_listed(int first) {
  const base::Fd directory{::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory) {
    return false;
  }
  std::array<char, 4096> entries{};
  // Repeated until no descriptors are left, because the list changes while it is read.
  for (bool closed = true; closed;) {
    closed = false;
    ::lseek(directory.get(), 0, SEEK_SET);
    for (long size = 0; (size = ::syscall(SYS_getdents64, directory.get(), entries.data(), entries.size())) > 0;) {
      closed = close_entries(entries.data(), static_cast<std::size_t>(size), first, directory.get()) || closed;
    }
  }
  return true;
}

}  // namespace

void close_from(int first) {
  rlimit limit{};
  if (close_range_from(first) == 0 || close_listed(first) || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return;
  }
  for (rlim_t fd = static_cast<rlim_t>(first); fd < limit.rlim_cur; ++fd) {
    ::close(static_cast<int>(fd));
  }
}

}  // namespace torc::proc
