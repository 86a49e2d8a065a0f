#include <time.h>

#include <memory>
#include <vector>

#include "unit/metrics/sampled_job.hpp"

namespace torc::metrics {
namespace {

double cpu_seconds_of_this_thread() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

TEST(ProcessSampler, CostsLittleWith64Jobs) {
  constexpr int k_jobs = 64;
  constexpr int k_passes = 64;  // Includes two that read everything.
  std::vector<std::unique_ptr<SampledJob>> jobs;
  ProcessSampler sampler;
  for (int i = 0; i < k_jobs; ++i) {
    jobs.push_back(std::make_unique<SampledJob>("sleep 50 & sleep 50 & wait"));
    sampler.add(jobs.back()->leader());
  }
  ASSERT_TRUE(wait_until([&] {
    std::int64_t processes = 0;
    for (const auto& usage : sampler.sample()) {
      processes += usage.processes;
    }
    return processes == 3 * k_jobs;
  }));
  const double before = cpu_seconds_of_this_thread();
  for (int pass = 0; pass < k_passes; ++pass) {
    sampler.sample();
  }
  const double cost = (cpu_seconds_of_this_thread() - before) * 1000 / k_passes;
  RecordProperty("milliseconds_of_a_pass", std::to_string(cost));
  std::cout << "a pass over 64 jobs, 192 processes: " << cost << " ms of CPU time\n";
  EXPECT_LT(cost, 10) << "at one pass a second: more than 1 % of a core";
}

}  // namespace
}  // namespace torc::metrics
