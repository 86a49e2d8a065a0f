#include "torc/base/sleep.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace torc::base {
namespace {

using Clock = std::chrono::steady_clock;

TEST(SleepUnlessStopped, SleepsUntilTheGivenTime) {
  const auto until = Clock::now() + std::chrono::milliseconds(20);
  EXPECT_TRUE(sleep_unless_stopped(until, std::stop_token()));
  EXPECT_GE(Clock::now(), until);
  EXPECT_TRUE(sleep_unless_stopped(Clock::now() - std::chrono::hours(1), std::stop_token())) << "a time in the past";
}

TEST(SleepUnlessStopped, EndsAtAStopBeforeAndDuringTheSleep) {
  const auto until = Clock::now() + std::chrono::hours(1);
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(sleep_unless_stopped(until, stop.get_token()));
  EXPECT_FALSE(sleep_unless_stopped(until, stop.get_token()));
  EXPECT_LT(Clock::now(), until);
}

}  // namespace
}  // namespace torc::base
