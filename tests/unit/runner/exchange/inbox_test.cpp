#include "runner/exchange/inbox.hpp"

#include <gtest/gtest.h>

#include "exchange_fixture.hpp"

namespace torc::runner {
namespace {

using model::JobStatus;
using std::chrono::milliseconds;
using testing::Calls;
using testing::job_of;

TEST(Room, CountsJobsIfTheirNumberIsLimited) {
  Room room{.max_parallel_jobs = 3, .running = 1};
  ASSERT_TRUE(room.wanted());
  EXPECT_TRUE(room.wanted()->by_count);
  EXPECT_EQ(room.wanted()->limit, 2);
  EXPECT_TRUE(room.has_place_for({.cpus = 100}));
  room.running = 3;
  EXPECT_FALSE(room.wanted());
  EXPECT_FALSE(room.has_place_for({}));
}

TEST(Room, ComparesResourcesOtherwise) {
  Room room{.running = 9, .free = {.cpus = 4, .memory_gb = 8}};
  ASSERT_TRUE(room.wanted());
  EXPECT_FALSE(room.wanted()->by_count);
  EXPECT_EQ(room.wanted()->limit, 4);
  EXPECT_FALSE(room.wanted()->time_limit);
  EXPECT_TRUE(room.has_place_for({.cpus = 4, .memory_gb = 8}));
  EXPECT_FALSE(room.has_place_for({.cpus = 1, .memory_gb = 9}));
  room.free.cpus = 0;
  EXPECT_FALSE(room.wanted());
}

TEST(Room, WantsJobsThatFitItsTimeLimit) {
  Room room{.free = {.cpus = 1}, .time_left = milliseconds(89'001)};
  EXPECT_EQ(room.wanted()->time_limit, "PT1M30S");
  room.time_left = milliseconds(-5);
  EXPECT_EQ(room.wanted()->time_limit, "PT0S");
}

class InboxTest : public testing::ExchangeTest {
 protected:
  static JobExchange::Wanted wanted(std::int64_t limit) {
    return {.by_count = true, .limit = limit, .free = {}, .time_limit = {}};
  }

  CallLimits limits{api, {}, {}};
  Inbox inbox{exchange, limits};
};

TEST_F(InboxTest, HoldsClaimedJobs) {
  api.claimable = {job_of(1), job_of(2)};
  EXPECT_TRUE(inbox.may_claim());
  EXPECT_FALSE(inbox.has_claimed());
  inbox.claim(wanted(2));
  EXPECT_TRUE(inbox.has_claimed());
  EXPECT_FALSE(inbox.may_claim()) << "claimed jobs have not started yet";
  EXPECT_EQ(inbox.front().id, 1);
  inbox.pop_front();
  inbox.pop_front();
  EXPECT_TRUE(inbox.may_claim()) << "the server returned as many jobs as requested";
}

TEST_F(InboxTest, StopsClaimingAfterAClaimThatReturnedFewerJobs) {
  api.claimable = {job_of(1)};
  inbox.claim(wanted(2));
  inbox.pop_front();
  EXPECT_FALSE(inbox.may_claim());
  inbox.allow_claims();
  EXPECT_TRUE(inbox.may_claim());
}

TEST_F(InboxTest, MayClaimAgainAfterAClaimWithoutAnAnswer) {
  api.is_away = true;
  EXPECT_THROW(inbox.claim(wanted(1)), base::ApiError);
  EXPECT_FALSE(inbox.has_claimed());
  EXPECT_TRUE(inbox.may_claim());
}

TEST_F(InboxTest, AClaimThatWaitsChangesNothingButTheJobs) {
  api.claimable = {job_of(1)};
  inbox.pause_claims();
  inbox.wait_for_jobs(wanted(4));
  EXPECT_EQ(inbox.jobs().size(), 1U);
  EXPECT_FALSE(inbox.has_claimed());
  inbox.pop_front();
  EXPECT_FALSE(inbox.may_claim());
}

TEST_F(InboxTest, FindsClaimsWhoseAnswersWereLost) {
  api.claimable = {job_of(1)};
  inbox.claim(wanted(1));
  inbox.pop_front();
  api.at_work = {job_of(1), job_of(2)};
  EXPECT_TRUE(inbox.find_lost_claims());
  ASSERT_EQ(inbox.jobs().size(), 1U);
  EXPECT_EQ(inbox.front().id, 2);
  EXPECT_FALSE(inbox.find_lost_claims());
}

TEST_F(InboxTest, RequeuesAccordingToTheStatusOnTheServer) {
  api.claimable = {job_of(1, JobStatus::pending), job_of(2, JobStatus::running)};
  inbox.claim(wanted(2));
  api.take_calls();
  inbox.requeue_front();
  inbox.requeue_front();
  EXPECT_EQ(api.take_calls(), (Calls{"set 1 ready", "retry 2"}));
  EXPECT_TRUE(inbox.empty());
}

TEST_F(InboxTest, KeepsAJobThatCannotBeRequeuedNow) {
  api.claimable = {job_of(1)};
  inbox.claim(wanted(1));
  api.is_away = true;
  EXPECT_THROW(inbox.requeue_front(), base::ApiError);
  EXPECT_EQ(inbox.jobs().size(), 1U);
}

}  // namespace
}  // namespace torc::runner
