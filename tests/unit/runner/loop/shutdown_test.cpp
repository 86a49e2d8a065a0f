#include "runner/loop/shutdown.hpp"

#include <gtest/gtest.h>

#include "parts_fixture.hpp"

namespace torc::runner {
namespace {

using testing::Calls;
using testing::job_of;

class ShutdownTest : public testing::PartsTest {
 protected:
  Shutdown& shutdown() {
    if (!m_shutdown) {
      m_shutdown = std::make_unique<Shutdown>(parts(), [this] { ++changes; });
    }
    return *m_shutdown;
  }
  int changes{0};

 private:
  std::unique_ptr<Shutdown> m_shutdown;
};

TEST_F(ShutdownTest, AStopRequeuesRunningAndClaimedJobs) {
  api.claimable = {job_of(2, model::JobStatus::pending)};
  parts().inbox.claim({.by_count = true, .limit = 1, .free = {}, .time_limit = {}});
  start(job_with(1, "sleep 100"));
  api.take_calls();
  shutdown().stop("a stop was requested");
  EXPECT_EQ(api.take_calls(), (Calls{"retry 1", "set 2 ready"}));
  EXPECT_TRUE(parts().report.stopped);
  EXPECT_EQ(parts().report.requeued, 2);
  EXPECT_EQ(changes, 1);
}

TEST_F(ShutdownTest, TheTimeLimitIsGivenAsTheReason) {
  options.time_limit = std::chrono::minutes(1);
  start(job_with(1, "sleep 100"));
  shutdown().stop_at_time_limit();
  EXPECT_EQ(api.take_calls(), (Calls{"retry_after_time_limit 1"}));
  EXPECT_TRUE(parts().report.timed_out && parts().report.stopped);
}

TEST_F(ShutdownTest, AJobThatEndedBeforeTheStopIsReported) {
  start(job_with(1, "true"));
  EXPECT_TRUE(reap());
  shutdown().stop("a stop was requested");
  EXPECT_EQ(api.take_calls(), (Calls{"complete 1 completed"}));
}

TEST_F(ShutdownTest, ACancelReportsCanceledJobs) {
  start(job_with(1, "sleep 100"));
  shutdown().cancel();
  EXPECT_EQ(api.take_calls(), (Calls{"complete 1 canceled"}));
  EXPECT_TRUE(parts().report.canceled);
}

TEST_F(ShutdownTest, TheEndMakesTheComputeNodeInactive) {
  shutdown().finish();
  EXPECT_EQ(api.take_calls(), (Calls{"update_compute_node 3"}));
  EXPECT_EQ(api.last_node.is_active, false);
}

TEST_F(ShutdownTest, TheEndLooksForClaimsWhoseAnswersWereLost) {
  parts();
  api.is_away = true;
  EXPECT_THROW(parts().inbox.claim({.by_count = true, .limit = 1, .free = {}, .time_limit = {}}), base::ApiError);
  api.is_away = false;
  api.at_work = {job_of(1)};
  api.take_calls();
  shutdown().finish();
  EXPECT_EQ(api.take_calls(), (Calls{"update_compute_node 3", "list_jobs", "retry 1"}));
}

TEST_F(ShutdownTest, AnErrorRequeuesRunningJobs) {
  start(job_with(1, "sleep 100"));
  shutdown().abandon();
  EXPECT_EQ(api.take_calls(), (Calls{"retry 1", "update_compute_node 3"}));
  EXPECT_TRUE(parts().running.empty());
}

TEST_F(ShutdownTest, WithoutAServerEverythingIsLeftInTheJournal) {
  start(job_with(1, "exit 3"));
  EXPECT_TRUE(reap());
  start(job_with(2, "sleep 100"));
  parts().link.failed(Parts::Clock::now(), 1.0);
  shutdown().abandon();
  EXPECT_EQ(api.take_calls(), Calls{});
  const auto left = end_runner();
  ASSERT_EQ(left.results.size(), 1U);
  EXPECT_EQ(left.results[0].job_id, 1);
  ASSERT_EQ(left.requeues.size(), 1U);
  EXPECT_EQ(left.requeues[0].job.id, 2);
}

}  // namespace
}  // namespace torc::runner
