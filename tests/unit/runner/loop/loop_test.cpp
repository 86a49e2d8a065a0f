#include "runner/loop/loop.hpp"

#include <gtest/gtest.h>

#include "parts_fixture.hpp"

namespace torc::runner {
namespace {

using std::chrono::seconds;
using testing::Calls;

class LoopTest : public testing::PartsTest {
 protected:
  RunnerReport run(const Loop::OnChange& on_change = {}) {
    return Loop(api, options, stop.get_token(), on_change).run();
  }
  /// The index of the first call with this beginning; the number of calls if there is none.
  static std::size_t place_of(const std::string& call, const Calls& calls) {
    const auto it = std::find_if(calls.begin(), calls.end(), [&](const auto& each) { return each.starts_with(call); });
    return static_cast<std::size_t>(it - calls.begin());
  }
};

TEST_F(LoopTest, RunsJobsUntilTheWorkflowIsComplete) {
  api.claimable = {job_with(1, "true"), job_with(2, "exit 3")};
  const auto report = run();
  EXPECT_EQ(report.completed, 1);
  EXPECT_EQ(report.failed, 1);
  EXPECT_FALSE(report.stopped || report.drained || report.canceled);
  const Calls calls = api.take_calls();
  EXPECT_LT(place_of("create_compute_node", calls), place_of("heartbeat", calls));
  EXPECT_LT(place_of("heartbeat", calls), place_of("claim", calls)) << "a lost runner must not claim";
  EXPECT_EQ(calls.back(), "update_compute_node 3");
}

TEST_F(LoopTest, ClaimsNothingWhileItDrains) {
  std::stop_source drain;
  drain.request_stop();
  options.drain = drain.get_token();
  api.completes = false;
  api.claimable = {job_with(1, "true")};
  EXPECT_TRUE(run().drained);
  const Calls calls = api.take_calls();
  EXPECT_EQ(place_of("claim", calls), calls.size());
}

TEST_F(LoopTest, DrainsIfTheServerWantsIt) {
  api.completes = false;
  api.heartbeat.is_draining = true;
  api.claimable = {job_with(1, "true")};
  const auto report = run();
  EXPECT_TRUE(report.drained);
  EXPECT_EQ(report.completed, 0);
}

TEST_F(LoopTest, EndsIfThereIsNothingToClaim) {
  api.completes = false;
  api.workflow.compute_node_wait_for_new_jobs_seconds = 0;
  const auto report = run();
  EXPECT_FALSE(report.drained || report.stopped);
  const Calls calls = api.take_calls();
  EXPECT_LT(place_of("claim", calls), calls.size()) << "it must not end before the first claim";
}

TEST_F(LoopTest, RequeuesItsJobsWhenItIsStopped) {
  api.claimable = {job_with(1, "sleep 100")};
  const auto report = run([this](const RunnerReport&, std::int64_t running) {
    if (running == 1) {
      stop.request_stop();
    }
  });
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(report.requeued, 1);
  const Calls calls = api.take_calls();
  EXPECT_LT(place_of("retry 1", calls), place_of("update_compute_node", calls));
}

TEST_F(LoopTest, EndsItsJobsWhenTheWorkflowIsCanceled) {
  api.claimable = {job_with(1, "sleep 100")};
  const auto report = run([this](const RunnerReport&, std::int64_t) { api.completion.is_canceled = true; });
  EXPECT_TRUE(report.canceled);
  EXPECT_EQ(report.failed, 0);
  const Calls calls = api.take_calls();
  EXPECT_LT(place_of("complete 1 canceled", calls), calls.size());
}

TEST_F(LoopTest, ContinuesAsAnotherComputeNodeAfterItWasLost) {
  api.claimable = {job_with(1, "true")};
  api.lost_node = testing::k_node;
  const auto report = run();
  EXPECT_EQ(report.completed, 1);
  const Calls calls = api.take_calls();
  EXPECT_LT(place_of("create_compute_node 4", calls), place_of("heartbeat 4", calls));
  EXPECT_LT(place_of("heartbeat 4", calls), place_of("claim", calls));
  EXPECT_EQ(calls.back(), "update_compute_node 4");
}

TEST_F(LoopTest, KeepsResultsInTheJournalWhenTheServerIsGoneForGood) {
  api.claimable = {job_with(1, "true")};
  api.workflow.compute_node_wait_for_healthy_database_minutes = 0;
  EXPECT_THROW(run([this](const RunnerReport&, std::int64_t running) { api.is_away = running == 1; }), base::ApiError);
  const auto left = end_runner();
  EXPECT_EQ(left.results.size() + left.requeues.size(), 1U);
}

}  // namespace
}  // namespace torc::runner
