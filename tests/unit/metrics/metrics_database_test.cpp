#include "torc/metrics/metrics_database.hpp"

#include <gtest/gtest.h>

#include "support/file_size_limit.hpp"
#include "support/temp_dir.hpp"
#include "torc/base/file.hpp"
#include "unit/metrics/sql.hpp"

namespace torc::metrics {
namespace {

Sample sample_of(double timestamp, std::size_t jobs) {
  Sample sample{.timestamp = timestamp};
  for (std::size_t i = 0; i < jobs; ++i) {
    sample.jobs.push_back(
        {.job_id = static_cast<std::int64_t>(i + 1), .cpu_percent = 50, .memory_bytes = 1024, .processes = 2});
  }
  return sample;
}

TEST(MetricsDatabase, HoldsWhatWasWritten) {
  const support::TempDir dir;
  const auto path = dir / "resource_utilization" / "resource_metrics_ws1_42_1.db";
  {
    MetricsDatabase database(path);
    EXPECT_EQ(database.path(), path);
    EXPECT_FALSE(std::filesystem::exists(path)) << "there is nothing to write yet";
    database.add_job({.job_id = 1, .name = "it's", .requested_cpus = 1.5, .requested_memory_bytes = 4096});
    database.add_job({.job_id = 2, .name = "b"});
    auto sample = sample_of(1'700'000'000.25, 2);
    sample.system = {.cpu_percent = 12.5, .memory_bytes = 1'000, .total_memory_bytes = 2'000};
    EXPECT_TRUE(database.write(sample));
    database.add_job({.job_id = 3, .name = "ended at once"});
    EXPECT_TRUE(database.write_system_summary({.samples = 1}));
    EXPECT_TRUE(database.write_system_summary({.samples = 2,
                                               .peak_cpu_percent = 12.5,
                                               .avg_cpu_percent = 6,
                                               .peak_memory_bytes = 10,
                                               .avg_memory_bytes = 5}));
    database.add_job({.job_id = 4, .name = "the last"});
  }
  EXPECT_EQ(
      rows_of(path, "SELECT job_id, timestamp, cpu_percent, memory_bytes, num_processes FROM job_resource_samples"),
      "1|1700000000|50.0|1024|2\n2|1700000000|50.0|1024|2\n");
  EXPECT_EQ(rows_of(path, "SELECT * FROM job_metadata"), "1|it's\n2|b\n3|ended at once\n4|the last\n");
  EXPECT_EQ(rows_of(path, "SELECT * FROM job_requests LIMIT 2"), "1|1.5|4096\n2||\n");
  EXPECT_EQ(
      rows_of(path, "SELECT timestamp, cpu_percent, memory_bytes, total_memory_bytes FROM system_resource_samples"),
      "1700000000|12.5|1000|2000\n");
  EXPECT_EQ(rows_of(path,
                    "SELECT sample_count, peak_cpu_percent, avg_cpu_percent, peak_memory_bytes, avg_memory_bytes "
                    "FROM system_resource_summary"),
            "2|12.5|6.0|10|5\n");
  EXPECT_FALSE(std::filesystem::exists(path.string() + "-journal"));
}

TEST(MetricsDatabase, ContinuesAFile) {
  const support::TempDir dir;
  for (int run = 0; run < 2; ++run) {
    MetricsDatabase database(dir / "m.db");
    database.add_job({.job_id = 1, .name = "run " + std::to_string(run)});
    EXPECT_TRUE(database.write(sample_of(run + 1, 1)));
  }
  EXPECT_EQ(rows_of(dir / "m.db", "SELECT count(*) FROM job_resource_samples"), "2\n");
  EXPECT_EQ(rows_of(dir / "m.db", "SELECT job_name FROM job_metadata"), "run 1\n");
}

TEST(MetricsDatabase, CanBeReadWhileItIsWritten) {
  const support::TempDir dir;
  MetricsDatabase database(dir / "m.db");
  for (int i = 1; i <= 3; ++i) {
    EXPECT_TRUE(database.write(sample_of(i, 1)));
    EXPECT_EQ(rows_of(dir / "m.db", "SELECT count(*) FROM job_resource_samples"), std::to_string(i) + "\n");
  }
}

TEST(MetricsDatabase, ResumesWritingAfterAFullDisk) {
  const support::TempDir dir;
  MetricsDatabase database(dir / "m.db");
  EXPECT_TRUE(database.write(sample_of(1, 1)));
  database.add_job({.job_id = 7, .name = "named while there was no room"});
  testing::internal::CaptureStderr();
  {
    const support::FileSizeLimit limit{std::filesystem::file_size(dir / "m.db")};
    EXPECT_FALSE(database.write(sample_of(2, 5'000)));
    EXPECT_FALSE(database.write(sample_of(3, 5'000)));
  }
  EXPECT_TRUE(database.write(sample_of(4, 1)));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(rows_of(dir / "m.db", "SELECT timestamp FROM job_resource_samples"), "1\n4\n");
  EXPECT_EQ(rows_of(dir / "m.db", "SELECT job_id FROM job_metadata"), "7\n");
  EXPECT_EQ(rows_of(dir / "m.db", "PRAGMA integrity_check"), "ok\n");
  const auto first = log.find("cannot write resource metrics");
  EXPECT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("cannot write resource metrics", first + 1), std::string::npos) << log;
}

TEST(MetricsDatabase, DoesNotThrowIfItCannotBeCreated) {
  const support::TempDir dir;
  base::write_file_atomically(dir / "file", "no directory, and no database either, but long enough to be read as one");
  testing::internal::CaptureStderr();
  for (const auto& path : {dir / "file" / "m.db", dir / "file", dir.path()}) {
    MetricsDatabase database(path);
    database.add_job({.job_id = 1, .name = "a"});
    EXPECT_FALSE(database.write(sample_of(1, 1))) << path;
    EXPECT_FALSE(database.write_system_summary({})) << path;
  }
  EXPECT_NE(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace torc::metrics
