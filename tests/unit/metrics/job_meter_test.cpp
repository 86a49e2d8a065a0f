#include "metrics/job_meter.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

namespace torc::metrics {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// CPU time in clock ticks.
std::uint64_t ticks(double cpu_seconds) {
  return static_cast<std::uint64_t>(cpu_seconds * static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

TEST(JobMeter, WeightsAveragesByTime) {
  const JobMeter::Clock::time_point start{};
  JobMeter meter(start);
  meter.record_sample(ticks(1), 100, 1, start + seconds(1));
  EXPECT_DOUBLE_EQ(meter.usage(7).cpu_percent, 100);
  meter.record_sample(ticks(1), 1'000, 2, start + seconds(10));
  EXPECT_DOUBLE_EQ(meter.usage(7).cpu_percent, 0);
  EXPECT_DOUBLE_EQ(meter.usage(7).cpu_seconds, 1);
  EXPECT_EQ(meter.usage(7).leader, 7);
  EXPECT_EQ(meter.usage(7).processes, 2);

  const auto summary = meter.finish(ticks(1), start + seconds(10));
  EXPECT_EQ(summary.usage.samples, 2);
  EXPECT_DOUBLE_EQ(summary.usage.peak_cpu_percent, 100);
  EXPECT_DOUBLE_EQ(summary.usage.avg_cpu_percent, 10);
  EXPECT_EQ(summary.usage.peak_memory_bytes, 1'000);
  EXPECT_EQ(summary.usage.avg_memory_bytes, (100 * 1 + 1'000 * 9) / 10);
  EXPECT_DOUBLE_EQ(summary.cpu_seconds, 1);
  EXPECT_DOUBLE_EQ(summary.elapsed_seconds, 10);
}

TEST(JobMeter, DoesNotTurnOneTickIntoAPeak) {
  const JobMeter::Clock::time_point start{};
  JobMeter meter(start);
  meter.record_sample(ticks(0.1), 1, 1, start + seconds(1));
  meter.record_sample(ticks(0.1) + 1, 1, 1, start + seconds(1) + milliseconds(1));
  EXPECT_DOUBLE_EQ(meter.usage(7).cpu_percent, 10);
  EXPECT_LT(meter.finish(ticks(0.1) + 1, start + seconds(1) + milliseconds(2)).usage.peak_cpu_percent, 12);
}

TEST(JobMeter, HasNoMemoryWithoutSamples) {
  const JobMeter::Clock::time_point start{};
  JobMeter meter(start);
  const auto summary = meter.finish(ticks(0.05), start + milliseconds(100));
  EXPECT_EQ(summary.usage.samples, 0);
  EXPECT_EQ(summary.usage.peak_memory_bytes, 0);
  EXPECT_NEAR(summary.usage.peak_cpu_percent, 50, 1e-9);
  EXPECT_NEAR(summary.usage.avg_cpu_percent, 50, 1e-9);
}

TEST(JobMeter, NeverDecreasesNorExceedsTheMachine) {
  const JobMeter::Clock::time_point start{};
  JobMeter meter(start);
  meter.record_sample(ticks(1'000'000), 1, 1, start + seconds(1));
  EXPECT_DOUBLE_EQ(meter.usage(7).cpu_percent, 100.0 * static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN)));
  meter.record_sample(ticks(1), 1, 1, start + seconds(2));
  EXPECT_DOUBLE_EQ(meter.usage(7).cpu_percent, 0);
  EXPECT_DOUBLE_EQ(meter.usage(7).cpu_seconds, 1'000'000);
}

}  // namespace
}  // namespace torc::metrics
