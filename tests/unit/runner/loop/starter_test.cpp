#include "runner/loop/starter.hpp"

#include <gtest/gtest.h>

#include "parts_fixture.hpp"

namespace torc::runner {
namespace {

using testing::Calls;

class StarterTest : public testing::PartsTest {};

TEST_F(StarterTest, StartsAJobThatTheServerHasStartedWithTheClaim) {
  start(job_with(1, "true"));
  EXPECT_EQ(parts().running.count(), 1);
  EXPECT_EQ(api.take_calls(), Calls{});
}

TEST_F(StarterTest, ReportsTheStartToAServerThatHasNotStartedTheJob) {
  auto job = job_with(1, "true");
  job.status = model::JobStatus::pending;
  start(job);
  EXPECT_EQ(api.take_calls(), (Calls{"start 1"}));
  EXPECT_EQ(parts().running.count(), 1);
}

TEST_F(StarterTest, IgnoresAJobThatThisRunnerNoLongerOwns) {
  auto job = job_with(1, "true");
  job.status = model::JobStatus::pending;
  api.refusals[1] = "not pending";
  start(job);
  EXPECT_EQ(parts().running.count(), 0);
  EXPECT_TRUE(parts().recovery.empty());
}

TEST_F(StarterTest, LetsAJobWaitForRoom) {
  options.max_parallel_jobs = 1;
  start(job_with(1, "sleep 100"));
  auto second = job_with(2, "true");
  EXPECT_FALSE(parts().starter.start(second));
  EXPECT_EQ(parts().running.count(), 1);
}

TEST_F(StarterTest, FailsAJobThatCannotBeStarted) {
  start(job_with(1, std::string(1 << 20, 'x')));
  const auto failed = parts().recovery.take_undecided();
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].result.return_code, 126);
  EXPECT_EQ(failed[0].event_type, "job_start_failed");
  EXPECT_FALSE(parts().starter.is_unfit());
}

}  // namespace
}  // namespace torc::runner
