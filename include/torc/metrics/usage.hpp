#pragma once

#include <cstdint>

namespace torc::metrics {

/// The resource usage of a job or of the whole machine over a period.
struct UsageSummary {
  std::int64_t samples{0};     ///< Number of samples; if 0, the memory values are meaningless.
  double peak_cpu_percent{0};  ///< In the scale of JobUsage or SystemUsage.
  double avg_cpu_percent{0};   ///< Weighted by time.
  std::int64_t peak_memory_bytes{0};
  std::int64_t avg_memory_bytes{0};  ///< Weighted by time.
};

}  // namespace torc::metrics
