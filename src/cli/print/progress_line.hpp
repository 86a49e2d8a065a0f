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

/// "1243/5000 jobs  8 running  2 failed  412/s  about 9 s left", rate and time once they can be told.
std::string progress_text(const app::Progress& progress);

/// A line on the terminal at standard error that is written over as jobs end; nothing where that is no terminal. A
/// thread of its own paints it, since the last of many changes would not be seen otherwise, and since the time left
/// grows shorter while nothing happens.
class ProgressLine {
 public:
  ProgressLine(std::int64_t total, std::int64_t done_before, bool wanted);
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  /// Wipes the line out.
  ~ProgressLine();

  /// Whether there is a terminal for it.
  static bool can_be_seen();

  /// From one thread, whenever something changed.
  void show(std::int64_t done_here, std::int64_t running, std::int64_t failed);

 private:
  using Clock = std::chrono::steady_clock;

  void paint_until(const std::stop_token& stop);

  const Clock::time_point m_started{Clock::now()};
  std::mutex m_mutex{};
  std::condition_variable_any m_wake{};
  app::Progress m_progress;  ///< Under m_mutex.
  bool m_changed{false};     ///< Under m_mutex.
  std::jthread m_painter;    ///< Last: it ends before what it uses.
};

}  // namespace torc::cli
