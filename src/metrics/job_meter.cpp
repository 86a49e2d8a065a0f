#include "metrics/job_meter.hpp"

#include <unistd.h>

#include <algorithm>

namespace torc::metrics {
namespace {

/// The kernel counts in hundredths of a second: in a shorter window, a single tick would look like a peak.
constexpr std::chrono::milliseconds k_shortest_window{200};

double seconds(JobMeter::Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double to_seconds(std::uint64_t ticks) {
  static const auto per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return static_cast<double>(ticks) / per_second;
}

/// Limits the percentage to the CPUs that exist, because rounding and late accounting can exceed that.
double limited(double cpu_percent) {
  static const auto most = 100.0 * static_cast<double>(std::max(::sysconf(_SC_NPROCESSORS_ONLN), 1L));
  return std::min(cpu_percent, most);
}

}  // namespace

void JobMeter::record_sample(std::uint64_t ticks, std::int64_t memory_bytes, std::int64_t processes,
                             Clock::time_point now) {
  const double since_last = seconds(now - m_last_sample);
  m_last_sample = now;
  m_ticks = std::max(m_ticks, ticks);
  m_memory_bytes = memory_bytes;
  m_processes = processes;
  m_seconds += since_last;
  m_byte_seconds += since_last * static_cast<double>(memory_bytes);
  ++m_summary.samples;
  m_summary.peak_memory_bytes = std::max(m_summary.peak_memory_bytes, memory_bytes);
  close_window(now);
}

void JobMeter::close_window(Clock::time_point now) {
  if (now - m_window_start < k_shortest_window) {
    return;
  }
  m_cpu_percent = limited(100 * to_seconds(m_ticks - m_window_ticks) / seconds(now - m_window_start));
  m_summary.peak_cpu_percent = std::max(m_summary.peak_cpu_percent, m_cpu_percent);
  m_window_start = now;
  m_window_ticks = m_ticks;
}

JobUsage JobMeter::usage(pid_t leader) const {
  return {.leader = leader,
          .cpu_seconds = to_seconds(m_ticks),
          .cpu_percent = m_cpu_percent,
          .memory_bytes = m_memory_bytes,
          .processes = m_processes};
}

JobSummary JobMeter::finish(std::uint64_t ticks, Clock::time_point now) {
  m_ticks = std::max(m_ticks, ticks);
  close_window(now);
  if (m_summary.samples > 0) {
    // Assume that the memory usage has not changed since the last sample.
    const double since_last = seconds(now - m_last_sample);
    m_seconds += since_last;
    m_byte_seconds += since_last * static_cast<double>(m_memory_bytes);
  }
  JobSummary summary{
      .usage = m_summary, .cpu_seconds = to_seconds(m_ticks), .elapsed_seconds = seconds(now - m_started)};
  if (summary.elapsed_seconds > 0) {
    summary.usage.avg_cpu_percent = limited(100 * summary.cpu_seconds / summary.elapsed_seconds);
  }
  summary.usage.peak_cpu_percent = std::max(summary.usage.peak_cpu_percent, summary.usage.avg_cpu_percent);
  summary.usage.avg_memory_bytes =
      m_seconds > 0 ? static_cast<std::int64_t>(m_byte_seconds / m_seconds) : m_summary.peak_memory_bytes;
  return summary;
}

}  // namespace torc::metrics
