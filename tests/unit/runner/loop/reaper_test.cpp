#include "runner/loop/reaper.hpp"

#include <gtest/gtest.h>

#include "parts_fixture.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using testing::Calls;

class ReaperTest : public testing::PartsTest {
 protected:
  /// The calls that report the reaped jobs.
  Calls deliver() {
    parts().recovery.decide();
    api.take_calls();
    parts().outbox.deliver();
    return api.take_calls();
  }
};

TEST_F(ReaperTest, ReportsAJobThatSucceeded) {
  start(job_with(1, "true"));
  EXPECT_TRUE(reap());
  EXPECT_EQ(deliver(), (Calls{"complete 1 completed"}));
  EXPECT_TRUE(parts().idle());
}

TEST_F(ReaperTest, LeavesAFailedJobToTheRecovery) {
  start(job_with(1, "exit 3"));
  EXPECT_TRUE(reap());
  EXPECT_FALSE(parts().outbox.has_results());
  const auto failed = parts().recovery.take_undecided();
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].result.return_code, 3);
}

TEST_F(ReaperTest, ChecksTheOutputsOfAJob) {
  api.files[9] = directory.file("missing");
  auto job = job_with(1, "true");
  job.output_file_ids = {9};
  start(job);
  EXPECT_TRUE(testing::wait_until([this] {
    parts().reaper.reap();
    return !parts().recovery.empty();
  }));
  EXPECT_TRUE(parts().unverified.empty());
  EXPECT_EQ(parts().recovery.take_undecided().at(0).event_type, "job_output_missing");
}

TEST_F(ReaperTest, RequeuesTheJobsThatItEnds) {
  start(job_with(1, "sleep 100"));
  parts().reaper.end_all(milliseconds(1'000), {});
  EXPECT_TRUE(parts().running.empty());
  EXPECT_TRUE(parts().outbox.has_requeues());
  EXPECT_FALSE(parts().outbox.has_results());
}

TEST_F(ReaperTest, RequeuesUndecidedFailedJobs) {
  start(job_with(1, "exit 3"));
  EXPECT_TRUE(reap());
  parts().reaper.end_all(milliseconds(1'000), {});
  EXPECT_TRUE(parts().recovery.empty());
  EXPECT_TRUE(parts().outbox.has_requeues());
}

TEST_F(ReaperTest, ForgetsTheJobsThatOtherRunnersHave) {
  start(job_with(1, "sleep 100"));
  start(job_with(2, "exit 3"));
  EXPECT_TRUE(reap());
  parts().reaper.discard_all({});
  EXPECT_TRUE(parts().idle());
  EXPECT_FALSE(parts().outbox.has_requeues());
}

}  // namespace
}  // namespace torc::runner
