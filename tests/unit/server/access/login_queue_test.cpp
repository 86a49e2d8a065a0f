#include "server/access/login_queue.hpp"

#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace torc::server {
namespace {

using std::chrono::milliseconds;

class LoginQueueTest : public testing::Test {
 protected:
  /// The networks of the next checks; each check fails or succeeds at once.
  std::vector<std::string> take(int count, bool fails) {
    std::vector<std::string> networks;
    for (int i = 0; i < count; ++i) {
      const auto turn = queue.pop(now);
      if (!turn) {
        networks.push_back("-");
        continue;
      }
      networks.push_back(turn->network);
      if (fails) {
        queue.record_failure(turn->network, now);
      }
    }
    return networks;
  }
  void fill(const std::string& network, int count) {
    for (int i = 0; i < count; ++i) {
      queue.push(network, fmt::format("{} {}", network, i), now);
    }
  }
  void fail(const std::string& network, int times) {
    for (int i = 0; i < times; ++i) {
      queue.record_failure(network, now);
    }
  }

  LoginQueue queue;
  LoginQueue::Clock::time_point now{std::chrono::hours{1}};
};

TEST(NetworkOfTest, CountsOneSubscriberOnce) {
  EXPECT_EQ(network_of("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(network_of("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(network_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(network_of("2001:db8:1:2:ffff::1"), "2001:db8:1:2::/64");
  EXPECT_EQ(network_of("fe80::1%eth0"), "fe80::/64");
  EXPECT_NE(network_of("2001:db8:1:3::1"), network_of("2001:db8:1:2::1"));
  EXPECT_EQ(network_of("an unknown address"), "an unknown address");
}

TEST(LoginDelayTest, GrowsFromZeroToALimit) {
  EXPECT_EQ(login_delay(0), milliseconds(0));
  EXPECT_EQ(login_delay(1), milliseconds(0));
  EXPECT_EQ(login_delay(2), milliseconds(100));
  EXPECT_EQ(login_delay(3), milliseconds(200));
  EXPECT_EQ(login_delay(4), milliseconds(400));
  EXPECT_EQ(login_delay(8), milliseconds(5000));
  EXPECT_EQ(login_delay(4'000'000'000U), milliseconds(5000));
}

TEST_F(LoginQueueTest, AddressesTakeTurns) {
  fill("a", 3);
  fill("b", 2);
  fill("c", 1);
  EXPECT_EQ(take(7, false), (std::vector<std::string>{"a", "b", "c", "a", "b", "a", "-"}));
  EXPECT_EQ(queue.size(), 0U);
  EXPECT_EQ(queue.networks(), 0U) << "addresses without failures must not be kept";
}

TEST_F(LoginQueueTest, AnAddressThatFailsWaitsAndAnotherDoesNot) {
  fill("bad", 32);
  EXPECT_EQ(take(3, true), (std::vector<std::string>{"bad", "bad", "-"})) << "no delay after the first failure";
  EXPECT_EQ(queue.next_time(), now + milliseconds(100));
  fill("good", 1);
  EXPECT_EQ(take(2, false), (std::vector<std::string>{"good", "-"}));
  now += milliseconds(99);
  EXPECT_EQ(take(1, true), (std::vector<std::string>{"-"}));
  now += milliseconds(1);
  EXPECT_EQ(take(2, true), (std::vector<std::string>{"bad", "-"}));
  EXPECT_EQ(queue.next_time(), now + milliseconds(200));
}

TEST_F(LoginQueueTest, AddressesWithFailuresGetEverySecondCheck) {
  for (const char* const network : {"bad1", "bad2", "bad3"}) {
    fail(network, 1);
    fill(network, 2);
  }
  fill("good1", 1);
  fill("good2", 1);
  const auto order = take(5, false);
  EXPECT_EQ(order, (std::vector<std::string>{"good1", "bad1", "good2", "bad2", "bad3"}));
}

TEST_F(LoginQueueTest, ARemovedKeyHasNeitherPlaceNorTurn) {
  queue.push("a", "same", now);
  queue.push("b", "same", now);
  queue.push("b", "other", now);
  queue.push("c", "same", now);
  queue.remove("b", "same");
  queue.remove("c", "same");
  queue.remove("c", "never there");
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(take(3, false), (std::vector<std::string>{"a", "b", "-"}));
  EXPECT_EQ(queue.networks(), 0U);
  EXPECT_EQ(queue.next_time(), std::nullopt);
}

TEST_F(LoginQueueTest, LimitsTheQueueOfEachAddress) {
  fill("a", 100);
  EXPECT_EQ(queue.size(), LoginQueue::k_max_per_address);
  fail("b", 1);
  fill("b", 100);
  EXPECT_EQ(queue.size(), LoginQueue::k_max_per_address + LoginQueue::k_max_per_failing_address);
  EXPECT_FALSE(queue.push("a", "x", now).accepted);
  EXPECT_TRUE(queue.push("c", "x", now).accepted);
}

TEST_F(LoginQueueTest, AddressesWithFailuresGiveWayIfAllQueuesAreFull) {
  fail("bad", 1);
  fill("bad", 2);
  for (int i = 0; queue.size() < LoginQueue::k_max_queued; ++i) {
    fill(fmt::format("n{}", i), 2);
  }
  const auto first = queue.push("new", "x", now);
  EXPECT_TRUE(first.accepted);
  EXPECT_EQ(first.dropped, "bad 1");
  EXPECT_EQ(queue.push("new2", "x", now).dropped, "bad 0");
  EXPECT_TRUE(queue.push("new3", "x", now).dropped) << "it replaces a login of an address that has two";
  EXPECT_FALSE(queue.push("bad", "x", now).accepted) << "an address with failures must not replace others";
  EXPECT_EQ(queue.size(), LoginQueue::k_max_queued);
  std::set<std::string> keys;
  while (const auto turn = queue.pop(now)) {
    keys.insert(turn->network + turn->key);
  }
  EXPECT_EQ(keys.size(), LoginQueue::k_max_queued);
  EXPECT_TRUE(keys.contains("newx"));
}

TEST_F(LoginQueueTest, ForgetsFailures) {
  fail("a", 5);
  queue.record_success("a");
  fill("a", 1);
  EXPECT_EQ(take(1, false), (std::vector<std::string>{"a"}));
  fail("b", 5);
  EXPECT_EQ(queue.networks(), 1U);
  now += LoginQueue::k_memory;
  fill("b", 20);
  EXPECT_EQ(queue.size(), 20U) << "more than an address with failures may have";
  EXPECT_EQ(take(20, false).back(), "b");
  EXPECT_EQ(queue.networks(), 0U);
}

TEST_F(LoginQueueTest, RemembersABoundedNumberOfAddresses) {
  fail("first", 3);
  now += milliseconds(1);
  for (int i = 0; i < 5'300; ++i) {
    fail(fmt::format("n{}", i), 1);
    fill(fmt::format("n{}", i), 1);
    now += milliseconds(1);
    ASSERT_LE(queue.size(), LoginQueue::k_max_queued);
    ASSERT_LE(queue.networks(), LoginQueue::k_max_queued + LoginQueue::k_max_failing);
  }
  EXPECT_TRUE(queue.push("good", "x", now).accepted);
  std::vector<std::string> order = take(2, false);
  EXPECT_TRUE(order[0] == "good" || order[1] == "good") << "it must come before a thousand with failures";
}

}  // namespace
}  // namespace torc::server
