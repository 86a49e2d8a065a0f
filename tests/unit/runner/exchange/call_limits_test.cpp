#include "runner/exchange/call_limits.hpp"

#include <gtest/gtest.h>

#include "torc/client/rest_api.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = CallLimits::Clock::time_point;

class CallLimitsTest : public ::testing::Test {
 protected:
  const Time began{seconds(1'000)};
  std::unique_ptr<client::Api> api = client::make_rest_api({.url = "http://127.0.0.1:1", .user = "u"});
  std::stop_source stop;
  std::stop_source kill_now;
  std::optional<Time> jobs_due;
  CallLimits limits{*api, stop.get_token(), kill_now.get_token()};

  CallLimitsTest() {
    limits.follow_jobs([this] { return jobs_due; });
  }
};

TEST_F(CallLimitsTest, NothingRuns) {
  EXPECT_EQ(limits.limit(began), Time::max());
  limits.stop_at(began + seconds(20));
  EXPECT_EQ(limits.limit(began), began + seconds(20));
  stop.request_stop();
  EXPECT_EQ(limits.limit(began), began + seconds(1));
}

TEST_F(CallLimitsTest, JobsRun) {
  jobs_due = Time::max();
  EXPECT_EQ(limits.limit(began), began + seconds(10));
  jobs_due = began + seconds(3);
  EXPECT_EQ(limits.limit(began), began + seconds(3));
  jobs_due = began + milliseconds(5);
  EXPECT_EQ(limits.limit(began), began + seconds(1)) << "a working server must have time to answer";
  jobs_due = Time::max();
  limits.stop_at(began + seconds(4));
  EXPECT_EQ(limits.limit(began), began + seconds(4));
}

TEST_F(CallLimitsTest, ACallWithoutTimeoutWaitsUntilSomethingIsDue) {
  jobs_due = Time::max();
  {
    const CallLimits::WithoutTimeout without_timeout(limits, true);
    EXPECT_EQ(limits.limit(began), Time::max());
    jobs_due = began + seconds(30);
    EXPECT_EQ(limits.limit(began), began + seconds(30));
  }
  EXPECT_EQ(limits.limit(began), began + seconds(10));
}

TEST_F(CallLimitsTest, OnlyAKillCutsADeadlineShort) {
  stop.request_stop();
  const CallLimits::Deadline deadline(limits, began + seconds(20));
  EXPECT_EQ(limits.limit(began), began + seconds(20));
  kill_now.request_stop();
  EXPECT_EQ(limits.limit(began), began + seconds(1));
}

}  // namespace
}  // namespace torc::runner
