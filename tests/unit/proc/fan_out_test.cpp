#include "torc/proc/fan_out.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace torc::proc {
namespace {

TEST(FanOut, PutsEachResultInItsItemsPlace) {
  std::vector<int> items(1000);
  std::iota(items.begin(), items.end(), 0);
  const auto results = fan_out(items, 8, [](int item) { return std::to_string(item); });
  ASSERT_EQ(results.size(), items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    ASSERT_EQ(results[i], std::to_string(items[i]));
  }
}

TEST(FanOut, RunsAtMostTheGivenNumberAtOnce) {
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  std::barrier all_four(4);
  for_each_index(8, 4, [&](std::size_t) {
    const int now = ++running;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    all_four.arrive_and_wait();  // Passes only if four calls run at once.
    --running;
  });
  EXPECT_EQ(most, 4);
}

TEST(FanOut, RethrowsTheFirstExceptionAndMakesNoMoreCalls) {
  std::atomic<int> done{0};
  EXPECT_THROW(for_each_index(10'000, 3,
                              [&](std::size_t index) {
                                if (index == 5) {
                                  throw std::runtime_error("five");
                                }
                                ++done;
                                std::this_thread::sleep_for(std::chrono::microseconds(100));
                              }),
               std::runtime_error);
  EXPECT_LT(done, 9'999);
}

TEST(FanOut, DoesNothingWithoutItems) {
  for_each_index(0, 0, [](std::size_t) { FAIL(); });
  EXPECT_TRUE(fan_out(std::vector<int>{}, 4, [](int item) { return item; }).empty());
}

}  // namespace
}  // namespace torc::proc
