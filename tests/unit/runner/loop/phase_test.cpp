#include "runner/loop/phase.hpp"

#include <gtest/gtest.h>

namespace torc::runner {
namespace {

TEST(PhaseMachine, WorksOnceTheStartActionsHaveEnded) {
  PhaseMachine phases;
  EXPECT_EQ(phases.phase(), Phase::preparing);
  phases.begin_work();
  EXPECT_EQ(phases.phase(), Phase::working);
}

TEST(PhaseMachine, DrainsForGood) {
  PhaseMachine phases;
  phases.begin_work();
  phases.drain();
  EXPECT_EQ(phases.phase(), Phase::draining);
  phases.begin_work();
  EXPECT_EQ(phases.phase(), Phase::draining);
}

TEST(PhaseMachine, DrainsAfterTheStartActions) {
  PhaseMachine phases;
  phases.drain();
  EXPECT_TRUE(phases.drain_requested());
  EXPECT_EQ(phases.phase(), Phase::preparing);
  phases.begin_work();
  EXPECT_EQ(phases.phase(), Phase::draining);
}

TEST(PhaseMachine, ContinuesInTheSamePhaseAfterALoss) {
  PhaseMachine phases;
  phases.mark_lost();
  EXPECT_EQ(phases.phase(), Phase::lost);
  phases.begin_work();
  EXPECT_EQ(phases.phase(), Phase::lost) << "the actions still count as running";
  phases.rejoin();
  EXPECT_EQ(phases.phase(), Phase::preparing);
  phases.begin_work();
  phases.mark_lost();
  phases.mark_lost();
  phases.rejoin();
  EXPECT_EQ(phases.phase(), Phase::working);
  phases.rejoin();
  EXPECT_EQ(phases.phase(), Phase::working);
}

TEST(PhaseMachine, DrainsAfterALossIfRequestedMeanwhile) {
  PhaseMachine phases;
  phases.begin_work();
  phases.mark_lost();
  phases.drain();
  EXPECT_EQ(phases.phase(), Phase::lost);
  phases.rejoin();
  EXPECT_EQ(phases.phase(), Phase::draining);
}

TEST(PhaseMachine, EndsOnce) {
  PhaseMachine phases;
  phases.begin_work();
  phases.end();
  phases.mark_lost();
  phases.rejoin();
  phases.drain();
  phases.begin_work();
  EXPECT_EQ(phases.phase(), Phase::ending);
}

}  // namespace
}  // namespace torc::runner
