#include "torc/metrics/system_sampler.hpp"

#include <sys/sysinfo.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "unit/metrics/sampled_job.hpp"

namespace torc::metrics {
namespace {

TEST(SystemSampler, ReadsTheMachinesMemoryAndUsage) {
  struct sysinfo info {};
  ASSERT_EQ(::sysinfo(&info), 0);
  SystemSampler sampler;
  const auto usage = sampler.sample();
  EXPECT_EQ(usage.total_memory_bytes, static_cast<std::int64_t>(info.totalram * info.mem_unit));
  EXPECT_GT(usage.memory_bytes, 0);
  EXPECT_LT(usage.memory_bytes, usage.total_memory_bytes);
}

TEST(SystemSampler, MeasuresABusyLoopInPercentOfAllCpus) {
  SampledJob job("exec " TORC_HELPER_USE_RESOURCES " 50");
  SystemSampler sampler;
  const double one = 100.0 / static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));
  double highest = 0;
  EXPECT_TRUE(wait_until([&] {
    const double percent = sampler.sample().cpu_percent;
    EXPECT_LE(percent, 100);
    highest = std::max(highest, percent);
    return highest > one * 0.6;
  }));
  const auto summary = sampler.summary();
  EXPECT_GE(summary.samples, 1);
  EXPECT_DOUBLE_EQ(summary.peak_cpu_percent, highest);
  EXPECT_GT(summary.avg_cpu_percent, 0);
  EXPECT_LE(summary.avg_cpu_percent, highest);
  EXPECT_GT(summary.avg_memory_bytes, 0);
  EXPECT_LE(summary.avg_memory_bytes, summary.peak_memory_bytes);
}

}  // namespace
}  // namespace torc::metrics
