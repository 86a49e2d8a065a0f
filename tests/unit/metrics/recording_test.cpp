#include "torc/metrics/recording.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/metrics/metrics_database.hpp"
#include "unit/metrics/sql.hpp"

namespace torc::metrics {
namespace {

/// The tables of torc 0.20, without machine and requests.
constexpr const char* k_old_tables =
    "CREATE TABLE job_resource_samples (id INTEGER PRIMARY KEY, job_id INTEGER, timestamp REAL, cpu_percent REAL, "
    "memory_bytes INTEGER, num_processes INTEGER);"
    "CREATE TABLE job_metadata (job_id INTEGER PRIMARY KEY, job_name TEXT);";

std::string failure_of(const std::filesystem::path& file) {
  try {
    read_recording(file);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(Recording, HasWhatTheWriterWrote) {
  const support::TempDir dir;
  {
    MetricsDatabase database(dir / "m.db");
    database.add_job({.job_id = 5, .name = "five", .requested_cpus = 2, .requested_memory_bytes = 4096});
    database.add_job({.job_id = 3, .name = "three"});
    database.add_job({.job_id = 9, .name = "too short"});
    for (int i = 0; i < 4; ++i) {
      const double memory = 100 * (i + 1);
      database.write({.timestamp = 1'000.0 + i,
                      .jobs = {{5, 100.0 * i, static_cast<std::int64_t>(memory), i}, {3, 10, 7, 1}},
                      .system = SystemUsage{25.0 * i, 500, 1'000}});
    }
  }
  const auto recording = read_recording(dir / "m.db");
  ASSERT_EQ(recording.jobs.size(), 2U);
  EXPECT_EQ(recording.jobs_without_samples, 1);
  const auto& job = recording.jobs[1];
  EXPECT_EQ(job.job_id, 5);
  EXPECT_EQ(job.name, "five");
  EXPECT_EQ(job.requested_cpus, 2);
  EXPECT_EQ(job.requested_memory_bytes, 4096);
  EXPECT_EQ(recording.jobs[0].requested_cpus, std::nullopt);
  EXPECT_DOUBLE_EQ(job.first_time, 1'000);
  EXPECT_DOUBLE_EQ(job.last_time, 1'003);
  EXPECT_EQ(job.usage.samples, 4);
  EXPECT_DOUBLE_EQ(job.usage.peak_cpu_percent, 300);
  EXPECT_DOUBLE_EQ(job.usage.avg_cpu_percent, 150);
  EXPECT_EQ(job.usage.peak_memory_bytes, 400);
  EXPECT_EQ(job.usage.avg_memory_bytes, 250);
  EXPECT_EQ(job.peak_processes, 3);
  ASSERT_EQ(job.points.size(), 4U);
  EXPECT_DOUBLE_EQ(job.points[2].cpu_percent, 200);
  ASSERT_EQ(recording.system.size(), 4U);
  EXPECT_EQ(recording.total_memory_bytes, 1'000);
  EXPECT_DOUBLE_EQ(recording.system_usage.peak_cpu_percent, 75);
}

TEST(Recording, HasOnlyTheSelectedJobs) {
  const support::TempDir dir;
  run_sql(dir / "m.db", std::string(k_old_tables) +
                            "INSERT INTO job_resource_samples VALUES (1, 1, 100, 1, 1, 1), (2, 2, 100, 1, 1, 1);"
                            "INSERT INTO job_metadata VALUES (1, 'a'), (2, 'b'), (3, 'c');");
  const auto recording = read_recording(dir / "m.db", {.job_ids = {2}});
  ASSERT_EQ(recording.jobs.size(), 1U);
  EXPECT_EQ(recording.jobs[0].name, "b");
  EXPECT_EQ(recording.jobs_without_samples, 0);
  EXPECT_TRUE(recording.system.empty());
}

TEST(Recording, KeepsPeaksWhenThinningSamples) {
  const support::TempDir dir;
  run_sql(dir / "m.db",
          std::string(k_old_tables) +
              "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) "
              "INSERT INTO job_resource_samples (job_id, timestamp, cpu_percent, memory_bytes, num_processes) "
              "SELECT 1, 1000 + i, i = 7777, 10 * (i = 1234), 1 FROM n;");
  const auto recording = read_recording(dir / "m.db", {.most_points = 100});
  const auto& job = recording.jobs.at(0);
  EXPECT_EQ(job.usage.samples, 10'000);
  EXPECT_EQ(job.points.size(), 100U);
  double cpu = 0;
  std::int64_t memory = 0;
  double time = 0;
  for (const auto& point : job.points) {
    EXPECT_GT(point.time, time);
    time = point.time;
    cpu += point.cpu_percent;
    memory += point.memory_bytes;
  }
  EXPECT_DOUBLE_EQ(cpu, 1);
  EXPECT_EQ(memory, 10);
}

TEST(Recording, SkipsInvalidRows) {
  const support::TempDir dir;
  run_sql(dir / "m.db",
          std::string(k_old_tables) +
              "INSERT INTO job_resource_samples (job_id, timestamp, cpu_percent, memory_bytes, num_processes) "
              "VALUES (1, 100, 1, 1, 1), (1, 'soon', 1, 1, 1), (1, 1e300, 1, 1, 1), (1, 101, 9e999, 1, 1), "
              "(1, 102, 1, -5, 1), (1, -3, 1, 1, 1), (1, 103, NULL, 1, 1), (2, NULL, NULL, NULL, NULL);"
              "INSERT INTO job_metadata VALUES (1, x'ff00fe');");
  const auto recording = read_recording(dir / "m.db");
  ASSERT_EQ(recording.jobs.size(), 1U);
  EXPECT_EQ(recording.jobs[0].usage.samples, 1);
  EXPECT_EQ(recording.jobs[0].name, std::string("\xff\0\xfe", 3));
}

TEST(Recording, HasOnlyCommittedSamplesOfAKilledWriter) {
  const support::TempDir dir;
  const auto path = dir / "m.db";
  run_sql(path, std::string(k_old_tables) + "INSERT INTO job_resource_samples VALUES (1, 1, 100, 1, 1, 1)");
  const pid_t writer = ::fork();
  if (writer == 0) {
    SQLite::Database database(path.string(), SQLite::OPEN_READWRITE);
    // More than fits into the cache, so that uncommitted pages are in the file.
    database.exec(
        "PRAGMA cache_size = 2; BEGIN; UPDATE job_resource_samples SET cpu_percent = 99;"
        "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
        "INSERT INTO job_resource_samples SELECT i, 1, 100 + i, 50, 1, 1 FROM n");
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(writer, &status, 0), writer);
  ASSERT_GT(std::filesystem::file_size(path.string() + "-journal"), 0U);
  const auto recording = read_recording(path);
  ASSERT_EQ(recording.jobs.size(), 1U);
  EXPECT_EQ(recording.jobs[0].usage.samples, 1);
  EXPECT_DOUBLE_EQ(recording.jobs[0].usage.peak_cpu_percent, 1);
}

/// A malicious worker's file, in which reading a row computes a value of one gigabyte.
TEST(Recording, ComputesNoLargeValues) {
  const support::TempDir dir;
  run_sql(
      dir / "m.db",
      "CREATE TABLE job_resource_samples (id INTEGER PRIMARY KEY, job_id INTEGER, timestamp REAL, cpu_percent REAL, "
      "num_processes INTEGER, memory_bytes AS (length(hex(zeroblob(450000000)))));"
      "INSERT INTO job_resource_samples (job_id, timestamp, cpu_percent, num_processes) VALUES (1, 10, 1, 1);");
  EXPECT_NE(failure_of(dir / "m.db").find("too big"), std::string::npos) << failure_of(dir / "m.db");
}

TEST(Recording, RefusesOtherFiles) {
  const support::TempDir dir;
  base::write_file_atomically(dir / "text", std::string(5'000, 'x'));
  run_sql(dir / "other.db", "CREATE TABLE job (id INTEGER)");
  run_sql(dir / "wrong.db", "CREATE TABLE job_resource_samples (id INTEGER)");
  EXPECT_NE(failure_of(dir / "none.db").find("file not found"), std::string::npos);
  EXPECT_NE(failure_of(dir.path()).find("is not a file"), std::string::npos);
  EXPECT_NE(failure_of(dir / "text").find("not a database"), std::string::npos);
  EXPECT_NE(failure_of(dir / "other.db").find("none of the tables"), std::string::npos);
  EXPECT_NE(failure_of(dir / "wrong.db").find("no such column"), std::string::npos);
  EXPECT_EQ(base::read_file(dir / "text"), std::string(5'000, 'x'));
}

}  // namespace
}  // namespace torc::metrics
