#include "runner/exchange/call_retries.hpp"

#include <gtest/gtest.h>

#include "exchange_fixture.hpp"

namespace torc::runner {
namespace {

using std::chrono::seconds;
using testing::Calls;

class RetrierTest : public ::testing::Test {
 protected:
  static Retrier::Clock::time_point in(seconds time) { return Retrier::Clock::now() + time; }

  testing::FakeApi api;
  std::stop_source hurry;
  CallLimits limits{api, {}, hurry.get_token()};
  ServerLink link{seconds(60)};
  Retrier retrier{api, limits, link, hurry.get_token()};
  int tries{0};
};

TEST_F(RetrierTest, RepeatsACallUntilItIsAnswered) {
  retrier.retry_until(in(seconds(60)), [this] {
    if (++tries < 3) {
      throw base::ApiError(0, "Unreachable", "connection refused");
    }
  });
  EXPECT_EQ(tries, 3);
  EXPECT_FALSE(link.away());
  EXPECT_EQ(api.take_calls(), (Calls{"ping", "ping"})) << "before each try but the first";
}

TEST_F(RetrierTest, ThrowsWhatCannotPass) {
  const auto refused = [this] {
    ++tries;
    throw base::ApiError(404, "NotFound", "no such node");
  };
  EXPECT_THROW(retrier.retry_until(in(seconds(60)), refused), base::ApiError);
  EXPECT_EQ(tries, 1);
}

TEST_F(RetrierTest, GivesUpAtTheEndOfItsTime) {
  const auto unanswered = [this] {
    ++tries;
    throw base::ApiError(0, "Unreachable", "connection refused");
  };
  EXPECT_THROW(retrier.retry_until(in(seconds(0)), unanswered), base::ApiError);
  EXPECT_EQ(tries, 1);
  EXPECT_TRUE(link.away());
}

TEST_F(RetrierTest, GivesUpSoonInAHurry) {
  hurry.request_stop();
  const auto began = Retrier::Clock::now();
  EXPECT_THROW(retrier.retry_until(in(seconds(600)), [] { throw base::ApiError(0, "Unreachable", ""); }),
               base::ApiError);
  EXPECT_LT(Retrier::Clock::now() - began, seconds(60));
}

}  // namespace
}  // namespace torc::runner
