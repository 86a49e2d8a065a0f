#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "torc/metrics/system_sampler.hpp"
#include "torc/metrics/usage.hpp"

namespace torc::metrics {

/// The name and requests of a job in a metrics database.
struct JobEntry {
  std::int64_t job_id{0};
  std::string name{};
  std::optional<double> requested_cpus{};
  std::optional<std::int64_t> requested_memory_bytes{};
};

/// A sample of one job, in the units of JobUsage.
struct JobSample {
  std::int64_t job_id{0};
  double cpu_percent{0};
  std::int64_t memory_bytes{0};
  std::int64_t processes{0};
};

/// The samples of all jobs and of the machine at one time.
struct Sample {
  double timestamp{0};  ///< Seconds since 1970, UTC. Stored as whole seconds, like torc 0.23.
  std::vector<JobSample> jobs{};
  std::optional<SystemUsage> system{};
};

/// Writes a metrics database: the tables of torc 0.23, and job_requests (job_id, num_cpus, memory_bytes).
///
/// Recording must never disturb jobs, so nothing here throws. If writing fails (full disk, unwritable directory, a file
/// of another kind), the first error is logged, the samples are dropped, and each later sample tries again. Writes are
/// not synced to disk: a power failure may destroy the file, but the death of this process does not.
///
/// An existing database is continued. One thread at a time.
class MetricsDatabase {
 public:
  /// @param path  Created, with its directory, by the first write.
  explicit MetricsDatabase(std::filesystem::path path);
  MetricsDatabase(const MetricsDatabase&) = delete;
  MetricsDatabase& operator=(const MetricsDatabase&) = delete;
  /// Writes the jobs that have not been written.
  ~MetricsDatabase();

  /// Adds a job, which is written together with the next sample, or at the end. A later entry replaces an earlier one
  /// of the same job.
  void add_job(JobEntry job);

  /// Writes a sample in one transaction.
  /// @returns whether it was written
  bool write(const Sample& sample);

  /// Writes the usage of the machine from the first to the last sample; replaces an earlier summary.
  /// @returns whether it was written
  bool write_system_summary(const UsageSummary& summary);

  const std::filesystem::path& path() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace torc::metrics
