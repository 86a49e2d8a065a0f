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

/// What a metrics database knows of a job besides samples.
struct JobEntry {
  std::int64_t job_id{0};
  std::string name{};
  std::optional<double> requested_cpus{};
  std::optional<std::int64_t> requested_memory_bytes{};
};

/// One moment of one job, in the units of JobUsage.
struct JobSample {
  std::int64_t job_id{0};
  double cpu_percent{0};
  std::int64_t memory_bytes{0};
  std::int64_t processes{0};
};

/// One moment of everything that is recorded.
struct Sample {
  double timestamp{0};  ///< Seconds since 1970, UTC. Stored as whole seconds, as torc 0.23 does.
  std::vector<JobSample> jobs{};
  std::optional<SystemUsage> system{};
};

/// Writes a metrics database: the tables of torc 0.23, and job_requests (job_id, num_cpus, memory_bytes).
///
/// Recording is a help, no duty: nothing here throws. What cannot be written (full disk, unwritable directory, a file
/// that is something else) is logged once and left out; each later sample tries again. Nothing waits for the disk, so
/// that a power cut may cost the file; the end of this process at any moment does not.
///
/// A file that is there already is continued. One thread at a time.
class MetricsDatabase {
 public:
  /// @param path  Made together with its directory when there is something to write.
  explicit MetricsDatabase(std::filesystem::path path);
  MetricsDatabase(const MetricsDatabase&) = delete;
  MetricsDatabase& operator=(const MetricsDatabase&) = delete;
  /// Writes what waits.
  ~MetricsDatabase();

  /// Written together with the next sample, or at the end. Of two entries of a job the later counts.
  void add_job(JobEntry job);

  /// One transaction.
  /// @returns whether it was written
  bool write(const Sample& sample);

  /// The machine from the first to the last sample; takes the place of an earlier one.
  /// @returns whether it was written
  bool write_system_summary(const UsageSummary& summary);

  const std::filesystem::path& path() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace torc::metrics
