#pragma once

#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>

namespace torc::support {

/// The most memory that this process has ever had at once, in bytes: VmHWM of /proc/self/status, see proc(5).
inline std::size_t peak_memory() {
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) {
      return std::stoul(line.substr(6)) * 1024;
    }
  }
  throw std::runtime_error("/proc/self/status has no VmHWM");
}

/// Makes `peak_memory` count anew from what is in use now.
inline void reset_peak_memory() {
  std::ofstream refs{"/proc/self/clear_refs"};
  if (!(refs << "5" << std::flush)) {
    throw std::runtime_error("/proc/self/clear_refs cannot be written");
  }
}

}  // namespace torc::support
