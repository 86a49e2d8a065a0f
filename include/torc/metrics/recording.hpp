#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "torc/metrics/usage.hpp"

namespace torc::metrics {

/// A moment of a job or of a machine. Where samples were thinned out it stands for several: the highest of each.
struct RecordedPoint {
  double time{0};  ///< Seconds since 1970, UTC.
  double cpu_percent{0};
  std::int64_t memory_bytes{0};
  std::int64_t processes{0};
};

/// What one database holds of one job. Peaks and averages are those of all samples.
struct RecordedJob {
  std::int64_t job_id{0};
  std::string name{};  ///< Foreign bytes; "" where the database has none.
  std::optional<double> requested_cpus{};
  std::optional<std::int64_t> requested_memory_bytes{};
  double first_time{0};
  double last_time{0};
  UsageSummary usage{};
  std::int64_t peak_processes{0};
  std::vector<RecordedPoint> points{};  ///< By time.
};

/// What one metrics database holds: the jobs of one runner and the machine it ran on.
struct Recording {
  std::filesystem::path file{};
  std::vector<RecordedJob> jobs{};  ///< That have samples; by id.
  std::int64_t jobs_without_samples{0};
  std::vector<RecordedPoint> system{};  ///< CPU in percent of the whole machine; `processes` is not used.
  UsageSummary system_usage{};
  std::int64_t total_memory_bytes{0};

  bool empty() const { return jobs.empty() && system.empty(); }
};

struct ReadOptions {
  std::vector<std::int64_t> job_ids{};  ///< Only these; empty: all.
  std::size_t most_points{150'000};     ///< Of all jobs together, roughly.
};

/// Reads a metrics database of this program or of torc 0.20 to 0.23, also while it is being written. Values that make
/// no sense (times that are no times, negative memory) are left out.
/// @throws base::Error where there is no such file, or it is no metrics database
Recording read_recording(const std::filesystem::path& file, const ReadOptions& options = {});

}  // namespace torc::metrics
