#include "runner/jobs/start_policy.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace torc::runner {
namespace {

using Verdict = StartPolicy::Verdict;

TEST(StartPolicy, WaitsForResourcesOfRunningJobs) {
  StartPolicy policy;
  EXPECT_EQ(policy.record_failure(base::SystemError("cannot fork", EAGAIN), /*any_running=*/true), Verdict::wait);
  EXPECT_FALSE(policy.may_start(/*any_running=*/true));
  EXPECT_TRUE(policy.may_start(/*any_running=*/false));
  policy.record_end();
  EXPECT_TRUE(policy.may_start(/*any_running=*/true));
}

TEST(StartPolicy, FailsIfNoJobIsRunning) {
  StartPolicy policy;
  EXPECT_EQ(policy.record_failure(base::SystemError("cannot fork", EAGAIN), /*any_running=*/false), Verdict::fail);
  EXPECT_TRUE(policy.may_start(/*any_running=*/true));
}

TEST(StartPolicy, AMachineIsUnfitAfterFiveFailuresInARow) {
  StartPolicy policy;
  const base::Error error("no such interpreter");
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(policy.record_failure(error, false), Verdict::fail);
  }
  EXPECT_FALSE(policy.is_unfit());
  policy.record_start();
  for (int i = 0; i < 4; ++i) {
    policy.record_failure(error, false);
  }
  EXPECT_FALSE(policy.is_unfit()) << "not in a row";
  policy.record_failure(error, false);
  EXPECT_TRUE(policy.is_unfit());
}

TEST(StartPolicy, ATooLongCommandLineDoesNotMakeTheMachineUnfit) {
  StartPolicy policy;
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(policy.record_failure(base::SystemError("cannot execute", E2BIG), false), Verdict::fail);
  }
  EXPECT_FALSE(policy.is_unfit());
}

}  // namespace
}  // namespace torc::runner
