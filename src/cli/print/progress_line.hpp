#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "torc/app/progress.hpp"

namespace torc::cli {

/// "1243/5000 jobs  8 running  2 failed  412/s  about 9 s left"; rate and time once they can be estimated.
std::string progress_text(const app::Progress& progress);

/// A progress line that is updated in place on standard error; does nothing if that is not a terminal. A separate
/// thread paints it, so that the last of many rapid changes is shown, and the remaining time decreases between changes.
class ProgressLine {
 public:
  ProgressLine(std::int64_t total, std::int64_t done_before, bool wanted);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  /// Erases the line.
  ~ProgressLine();

  /// Whether standard error is a terminal that can show it.
  static bool can_be_seen();

  /// Call this from one thread, after each change.
  void show(std::int64_t done_here, std::int64_t running, std::int64_t failed);

 private:
  using Clock = std::chrono::steady_clock;

  void paint_until(const std::stop_token& stop);

  const Clock::time_point m_started{Clock::now()};
  std::mutex m_mutex{};
  std::condition_variable_any m_wake{};
  app::Progress m_progress;  ///< Under m_mutex.
  bool m_changed{false};     ///< Under m_mutex.
  std::jthread m_painter;    ///< Last, so that it ends before the members that it uses are destroyed.
};

}  // namespace torc::cli
