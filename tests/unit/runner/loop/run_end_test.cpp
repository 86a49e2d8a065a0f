#include "runner/loop/run_end.hpp"

#include <gtest/gtest.h>

namespace torc::runner {
namespace {

using std::chrono::seconds;
using Time = IdleTimer::Clock::time_point;

TEST(RunEnd, FollowsTheCompletionOfTheWorkflowInEveryPhase) {
  for (const auto phase : {Phase::preparing, Phase::working, Phase::draining, Phase::lost}) {
    EXPECT_EQ(end_of({.phase = phase, .workflow_is_complete = true}), RunEnd::workflow_complete);
  }
}

TEST(RunEnd, DoesNotFollowTheCompletionIfRunnersMustStay) {
  EXPECT_EQ(end_of({.workflow_is_complete = true, .ignores_completion = true}), std::nullopt);
  EXPECT_EQ(end_of({.ignores_completion = true, .has_too_little_time = true}), std::nullopt);
  EXPECT_EQ(end_of({.workflow_is_complete = true, .ignores_completion = true, .is_idle_too_long = true}),
            RunEnd::idle_too_long);
}

TEST(RunEnd, DoesNotComeBeforeTheStartActionsHaveEnded) {
  EXPECT_EQ(end_of({.phase = Phase::preparing, .has_too_little_time = true, .is_idle_too_long = true}), std::nullopt);
}

TEST(RunEnd, ComesWhenADrainingRunnerIsIdle) {
  EXPECT_EQ(end_of({.phase = Phase::draining}), RunEnd::drained);
  EXPECT_EQ(end_of({.phase = Phase::draining, .is_unfit = true}), RunEnd::unfit);
}

TEST(RunEnd, DoesNotComeBeforeTheFirstClaimWasAnswered) {
  EXPECT_EQ(end_of({.awaits_first_claim = true, .is_idle_too_long = true}), std::nullopt);
}

TEST(RunEnd, ComesIfThereIsTooLittleTimeOrNothingToClaim) {
  EXPECT_EQ(end_of({}), std::nullopt);
  EXPECT_EQ(end_of({.has_too_little_time = true, .is_idle_too_long = true}), RunEnd::too_little_time);
  EXPECT_EQ(end_of({.is_idle_too_long = true}), RunEnd::idle_too_long);
}

TEST(IdleTimer, CountsFromTheLastWork) {
  const Time start{};
  IdleTimer timer(seconds(10), start);
  EXPECT_FALSE(timer.is_over(start + seconds(9)));
  EXPECT_TRUE(timer.is_over(start + seconds(10)));
  timer.restart(start + seconds(5));
  EXPECT_FALSE(timer.is_over(start + seconds(10)));
  EXPECT_EQ(timer.end(), start + seconds(15));
}

TEST(IdleTimer, NeverEndsWithoutALimit) {
  const IdleTimer timer(std::nullopt, Time{});
  EXPECT_FALSE(timer.end());
  EXPECT_FALSE(timer.is_over(Time::max()));
}

TEST(IdleTimer, HasTheLimitOfTheOptionsOrTheWorkflow) {
  RunnerOptions options;
  model::Workflow workflow;
  EXPECT_EQ(idle_limit_of(options, workflow), seconds(90));
  workflow.compute_node_wait_for_new_jobs_seconds = 7;
  EXPECT_EQ(idle_limit_of(options, workflow), seconds(7));
  options.worker = WorkerIdentity{};
  EXPECT_EQ(idle_limit_of(options, workflow), std::nullopt) << "a worker has no limit";
  options.idle_timeout = seconds(3);
  EXPECT_EQ(idle_limit_of(options, workflow), seconds(3));
}

}  // namespace
}  // namespace torc::runner
