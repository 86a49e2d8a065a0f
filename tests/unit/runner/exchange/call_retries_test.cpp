#include "runner/exchange/call_retries.hpp"

#include <gtest/gtest.h>

#include "exchange_fixture.hpp"

namespace torc::runner {
namespace {

using std::chrono::seconds;
using testing::Calls;

class CallRetriesTest : public ::testing::Test {
 protected:
  static CallRetries::Clock::time_point in(seconds time) { return CallRetries::Clock::now() + time; }

  testing::FakeApi api;
  std::stop_source hurry;
  CallLimits limits{api, {}, hurry.get_token()};
  ServerLink link{seconds(60)};
  CallRetries call_retries{api, limits, link, hurry.get_token()};
  int tries{0};
};

TEST_F(CallRetriesTest, RepeatsACallUntilItIsAnswered) {
  call_retries.retry_until(in(seconds(60)), [this] {
    if (++tries < 3) {
      throw base::ApiError(0, "Unreachable", "connection refused");
    }
  });
  EXPECT_EQ(tries, 3);
  EXPECT_FALSE(link.away());
  EXPECT_EQ(api.take_calls(), (Calls{"ping", "ping"})) << "before each attempt except the first";
}

TEST_F(CallRetriesTest, ThrowsPermanentErrors) {
  const auto refused = [this] {
    ++tries;
    throw base::ApiError(404, "NotFound", "no such node");
  };
  EXPECT_THROW(call_retries.retry_until(in(seconds(60)), refused), base::ApiError);
  EXPECT_EQ(tries, 1);
}

TEST_F(CallRetriesTest, GivesUpAtTheDeadline) {
  const auto unanswered = [this] {
    ++tries;
    throw base::ApiError(0, "Unreachable", "connection refused");
  };
  EXPECT_THROW(call_retries.retry_until(in(seconds(0)), unanswered), base::ApiError);
  EXPECT_EQ(tries, 1);
  EXPECT_TRUE(link.away());
}

TEST_F(CallRetriesTest, GivesUpSoonAfterAKillRequest) {
  hurry.request_stop();
  const auto began = CallRetries::Clock::now();
  EXPECT_THROW(call_retries.retry_until(in(seconds(600)), [] { throw base::ApiError(0, "Unreachable", ""); }),
               base::ApiError);
  EXPECT_LT(CallRetries::Clock::now() - began, seconds(60));
}

}  // namespace
}  // namespace torc::runner
