#include "runner/jobs/capacity.hpp"

#include <sched.h>

#include <gtest/gtest.h>

#include <thread>

namespace torc::runner {
namespace {

TEST(Capacity, CountsTheCpusOfTheAffinityMask) {
  std::thread([] {
    cpu_set_t one;
    CPU_ZERO(&one);
    cpu_set_t all;
    ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &all)) {
        CPU_SET(cpu, &one);
        break;
      }
    }
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    EXPECT_EQ(detect_capacity().cpus, 1);
  }).join();
}

TEST(Capacity, CanBeSetByOptions) {
  RunnerOptions options;
  const Resources detected = capacity_from(options, 3);
  EXPECT_GE(detected.cpus, 1);
  EXPECT_GT(detected.memory_gb, 0.01);
  EXPECT_EQ(detected.gpus, 3);
  options.num_cpus = 64;
  options.memory_gb = 0.5;
  options.num_gpus = 2;
  EXPECT_EQ(capacity_from(options, 3), (Resources{.cpus = 64, .memory_gb = 0.5, .gpus = 2}));
}

TEST(Resources, FitOnlyIfEachOfThemFits) {
  const Resources room{.cpus = 4, .memory_gb = 8, .gpus = 1};
  EXPECT_TRUE((Resources{.cpus = 4, .memory_gb = 8, .gpus = 1}).fits_in(room));
  EXPECT_FALSE((Resources{.cpus = 5, .memory_gb = 1, .gpus = 0}).fits_in(room));
  EXPECT_FALSE((Resources{.cpus = 1, .memory_gb = 8.5, .gpus = 0}).fits_in(room));
  EXPECT_FALSE((Resources{.cpus = 1, .memory_gb = 1, .gpus = 2}).fits_in(room));
}

TEST(Resources, AreReadFromRequirements) {
  model::ResourceRequirements requirements;
  requirements.num_cpus = 3;
  requirements.memory = "512m";
  requirements.num_gpus = 1;
  requirements.runtime = "PT1M30S";
  const JobNeeds needs = needs_of(requirements);
  EXPECT_EQ(needs.resources, (Resources{.cpus = 3, .memory_gb = 0.5, .gpus = 1}));
  EXPECT_EQ(needs.runtime, std::chrono::seconds(90));
  EXPECT_EQ(needs.memory_bytes, 512LL << 20);
  EXPECT_EQ(needs_of({}), (JobNeeds{.resources = {.cpus = 1, .memory_gb = 0, .gpus = 0}}));
  requirements.name = "default";
  EXPECT_EQ(needs_of(requirements), JobNeeds{.resources = needs.resources}) << "such jobs have no limits";
}

}  // namespace
}  // namespace torc::runner
