#include "runner/exchange/server_link.hpp"

#include <gtest/gtest.h>

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Time = ServerLink::Clock::time_point;

TEST(ServerLink, BacksOffLongerWithEachFailure) {
  ServerLink link(seconds(60));
  const Time start{};
  EXPECT_TRUE(link.may_try(start));
  EXPECT_FALSE(link.away());
  milliseconds expected{100};
  Time now = start;
  for (int i = 0; i < 10; ++i) {
    link.failed(now, 1.0);
    EXPECT_FALSE(link.may_try(now + expected - milliseconds(1)));
    EXPECT_TRUE(link.may_try(now + expected));
    EXPECT_EQ(link.next_change(), now + expected);
    expected = std::min(expected * 2, milliseconds(5'000));
    now += milliseconds(1);
  }
  EXPECT_TRUE(link.away());
  link.answered();
  EXPECT_FALSE(link.away());
  link.failed(now, 0.5);
  EXPECT_TRUE(link.may_try(now + milliseconds(50))) << "an answer must reset the count";
}

TEST(ServerLink, IsGoneAfterItsTimeout) {
  ServerLink link(seconds(10));
  const Time start{};
  link.failed(start, 1.0);
  link.failed(start + seconds(9), 1.0);
  EXPECT_FALSE(link.gone(start + seconds(9)));
  EXPECT_TRUE(link.gone(start + seconds(10)));
  link.answered();
  EXPECT_FALSE(link.gone(start + seconds(100)));
}

TEST(ServerLink, DistinguishesOutagesFromRefusals) {
  const auto error = [](int status) { return base::ApiError(status, "", ""); };
  for (const int status : {0, 200, 302, 401, 403, 429, 502, 503, 504, 507}) {
    EXPECT_TRUE(is_outage(error(status))) << status;
  }
  for (const int status : {400, 404, 409, 422, 500}) {
    EXPECT_FALSE(is_outage(error(status))) << status;
  }
  EXPECT_TRUE(may_pass(error(500)));
  EXPECT_FALSE(may_pass(error(404)));
}

}  // namespace
}  // namespace torc::runner
