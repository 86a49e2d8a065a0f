#include <gtest/gtest.h>

#include "torc/net/http_client.hpp"

using namespace std::chrono_literals;
using torc::net::query_string;
using torc::net::retry_pause;
using torc::net::url_encode;

TEST(Url, EncodesAllButUnreservedBytes) {
  EXPECT_EQ(url_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(url_encode("alice@[::1]:22/x y%"), "alice%40%5B%3A%3A1%5D%3A22%2Fx%20y%25");
  EXPECT_EQ(url_encode("\xc3\xa9"), "%C3%A9");
  EXPECT_EQ(url_encode(std::string_view("\0", 1)), "%00");
}

TEST(Url, MakesQueriesOfPairs) {
  EXPECT_EQ(query_string({}), "");
  EXPECT_EQ(query_string({{"a", "1"}, {"b", "x y&z"}}), "?a=1&b=x%20y%26z");
}

TEST(RetryPause, DoublesUpToFiveSeconds) {
  EXPECT_EQ(retry_pause(1, 1.0), 100ms);
  EXPECT_EQ(retry_pause(2, 1.0), 200ms);
  EXPECT_EQ(retry_pause(6, 1.0), 3200ms);
  EXPECT_EQ(retry_pause(7, 1.0), 5000ms);
  EXPECT_EQ(retry_pause(1'000'000'000, 1.0), 5000ms);
}

TEST(RetryPause, JitterShortensByAtMostHalf) {
  EXPECT_EQ(retry_pause(1, 0.5), 50ms);
  EXPECT_EQ(retry_pause(3, 0.75), 300ms);
  EXPECT_EQ(retry_pause(1, 0.0), 50ms);
  EXPECT_EQ(retry_pause(0, 9.0), 100ms);
}
