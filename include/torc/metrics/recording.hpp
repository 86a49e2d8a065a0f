#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "torc/metrics/usage.hpp"

namespace torc::metrics {

/// A sample of a job or of a machine. In a thinned series, it combines several samples and has the maximum of each
/// value.
struct RecordedPoint {
  double time{0};  ///< Seconds since 1970, UTC.
  double cpu_percent{0};
  std::int64_t memory_bytes{0};
  std::int64_t processes{0};
};

/// The data of one job in one database. Peaks and averages are over all samples.
struct RecordedJob {
  std::int64_t job_id{0};
  std::string name{};  ///< Untrusted bytes; "" if the database has no name.
  std::optional<double> requested_cpus{};
  std::optional<std::int64_t> requested_memory_bytes{};
  double first_time{0};
  double last_time{0};
  UsageSummary usage{};
  std::int64_t peak_processes{0};
  std::vector<RecordedPoint> points{};  ///< Ordered by time.
};

/// The content of one metrics database: the jobs of one runner and the machine it ran on.
struct Recording {
  std::filesystem::path file{};
  std::vector<RecordedJob> jobs{};  ///< Jobs with samples, ordered by id.
  std::int64_t jobs_without_samples{0};
  std::vector<RecordedPoint> system{};  ///< CPU in percent of all CPUs; `processes` is not used.
  UsageSummary system_usage{};
  std::int64_t total_memory_bytes{0};

  bool empty() const { return jobs.empty() && system.empty(); }
};

struct ReadOptions {
  std::vector<std::int64_t> job_ids{};  ///< Jobs to read; empty: all.
  std::size_t most_points{150'000};     ///< Approximate maximum for all jobs together.
};

/// Reads a metrics database of this program or of torc 0.20 to 0.23, which may be being written meanwhile. Rows with
/// invalid values (times out of range, negative memory) are skipped.
/// @throws base::Error if the file does not exist or is not a metrics database
Recording read_recording(const std::filesystem::path& file, const ReadOptions& options = {});

}  // namespace torc::metrics
