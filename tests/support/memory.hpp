#pragma once

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>

namespace torc::support {

/// Peak memory of this process in bytes: VmHWM of /proc/self/status, see proc(5).
inline std::size_t peak_memory() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) {
      return std::stoul(line.substr(6)) * 1024;
    }
  }
  throw std::runtime_error("/proc/self/status has no VmHWM");
}

/// Measures by how much the peak memory of this process grows after construction. Use one object at a time.
class PeakMemoryGrowth {
 public:
  PeakMemoryGrowth() {
    std::ofstream refs{"/proc/self/clear_refs"};
    if (!(refs << "5" << std::flush)) {
      throw std::runtime_error("/proc/self/clear_refs cannot be written");
    }
    before_ = peak_memory();
  }

  /// In bytes. The kernel sums its per-CPU counters only occasionally, so a later reading may be slightly lower.
  [[nodiscard]] std::size_t bytes() const { return std::max(peak_memory(), before_) - before_; }

 private:
  std::size_t before_ = 0;
};

}  // namespace torc::support
