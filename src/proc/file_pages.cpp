#include "torc/proc/file_pages.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>

#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"

namespace torc::proc {
namespace {

/// An entry of /proc/self/smaps, see proc(5): "START-END PERMISSIONS OFFSET DEVICE INODE PATH", then "NAME: VALUE kB"
/// lines.
struct Mapping {
  std::uintptr_t start{0};
  std::uintptr_t end{0};
  bool is_droppable{false};
};

std::optional<Mapping> mapping_in(const std::string& line) {
  // Addresses are in lower case; value lines, by far the most, begin with a capital letter.
  if (line.empty() || (line.front() >= 'A' && line.front() <= 'Z')) {
    return std::nullopt;
  }
  std::istringstream words(line);
  Mapping mapping;
  char dash = 0;
  std::string permissions;
  std::string offset;
  std::string device;
  std::uint64_t inode = 0;
  words >> std::hex >> mapping.start >> dash >> mapping.end >> permissions >> offset >> device >> std::dec >> inode;
  if (!words || dash != '-' || permissions.size() != 4) {
    return std::nullopt;
  }
  mapping.is_droppable = inode != 0 && permissions[1] == '-' && permissions[3] == 'p';
  return mapping;
}

}  // namespace

void drop_file_pages() {
  std::optional<Mapping> mapping;
  for (const auto& line : base::split_lines(base::read_file_or_empty("/proc/self/smaps"))) {
    if (auto next = mapping_in(line)) {
      mapping = next;
    } else if (mapping && mapping->is_droppable && line.starts_with("Anonymous:")) {
      // Skip mappings with pages that the loader modified before making them read-only.
      if (base::trim(line.substr(line.find(':') + 1)) == "0 kB") {
        // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses in /proc are text
        ::madvise(reinterpret_cast<void*>(mapping->start), mapping->end - mapping->start, MADV_DONTNEED);
      }
      mapping.reset();
    }
  }
}

}  // namespace torc::proc
