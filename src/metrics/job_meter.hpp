#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>

#include "torc/metrics/process_sampler.hpp"

namespace torc::metrics {

/// Computes percentages, peaks and averages of one job from the totals of each pass.
class JobMeter {
 public:
  using Clock = ProcessSampler::Clock;

  explicit JobMeter(Clock::time_point started) : m_started(started), m_window_start(started), m_last_sample(started) {}

  /// Records a pass. @param ticks  Total CPU time so far in clock ticks.
  void record_sample(std::uint64_t ticks, std::int64_t memory_bytes, std::int64_t processes, Clock::time_point now);
  JobUsage usage(pid_t leader) const;
  /// @param ticks  Total CPU time at the job's end in clock ticks.
  JobSummary finish(std::uint64_t ticks, Clock::time_point now);

 private:
  void close_window(Clock::time_point now);

  Clock::time_point m_started;
  Clock::time_point m_window_start;  ///< Start of the period of the current CPU percentage.
  Clock::time_point m_last_sample;
  std::uint64_t m_window_ticks{0};
  std::uint64_t m_ticks{0};
  double m_cpu_percent{0};
  std::int64_t m_memory_bytes{0};
  std::int64_t m_processes{0};
  double m_seconds{0};  ///< The period of m_byte_seconds.
  double m_byte_seconds{0};
  UsageSummary m_summary{};
};

}  // namespace torc::metrics
