#pragma once

#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include "support/temp_dir.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::runner::testing {

using support::TempDir;

/// Whether the condition becomes true within 20 seconds.
inline bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

/// Waits for a file and returns the number in it.
inline pid_t pid_in(const std::string& path) {
  if (!wait_until([&] { return std::filesystem::exists(path) && std::filesystem::file_size(path) > 0; })) {
    throw std::runtime_error(path + " did not come");
  }
  return static_cast<pid_t>(base::parse_int(base::trim(base::read_file(path))).value());
}

/// Whether the process is running; a zombie is not.
inline bool lives(pid_t pid) {
  const auto all = proc::all_processes();
  return std::any_of(all.begin(), all.end(), [&](const auto& entry) { return entry.pid == pid && !entry.zombie; });
}

}  // namespace torc::runner::testing
