#pragma once

#include <cstdint>

namespace torc::metrics {

/// What was used over a time: of a job's processes, or of the whole machine.
struct UsageSummary {
  std::int64_t samples{0};     ///< How often it was looked at; memory is not known where it never was.
  double peak_cpu_percent{0};  ///< In the scale of what was sampled: see JobUsage and SystemUsage.
  double avg_cpu_percent{0};   ///< Weighted by time.
  std::int64_t peak_memory_bytes{0};
  std::int64_t avg_memory_bytes{0};  ///< Weighted by time.
};

}  // namespace torc::metrics
