#pragma once

#include <chrono>
#include <cstdint>

#include "torc/base/fd.hpp"
#include "torc/metrics/usage.hpp"

namespace torc::metrics {

/// The resource usage of the whole machine.
struct SystemUsage {
  double cpu_percent{0};         ///< Since the previous sample; 100 is all CPUs of the machine.
  std::int64_t memory_bytes{0};  ///< Memory that is not available to new programs without swapping.
  std::int64_t total_memory_bytes{0};
};

/// Reads /proc/stat and /proc/meminfo, which do not show the limits of containers. One thread at a time.
class SystemSampler {
 public:
  using Clock = std::chrono::steady_clock;

  /// The CPU usage of the first sample is measured from this call on.
  /// @throws base::SystemError if /proc cannot be read
  explicit SystemSampler(Clock::time_point now = Clock::now());

  /// @throws base::SystemError if /proc cannot be read
  SystemUsage sample(Clock::time_point now = Clock::now());

  /// The summary of all samples so far.
  UsageSummary summary() const;

 private:
  struct CpuTicks {
    std::uint64_t busy{0};
    std::uint64_t total{0};
  };
  CpuTicks read_cpu() const;
  void read_memory(SystemUsage& usage) const;

  base::Fd m_stat;
  base::Fd m_meminfo;
  CpuTicks m_first;
  CpuTicks m_last;
  double m_cpu_percent{0};
  Clock::time_point m_time;
  double m_seconds{0};
  double m_byte_seconds{0};
  UsageSummary m_summary{};
};

}  // namespace torc::metrics
