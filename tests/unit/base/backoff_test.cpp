#include "torc/base/backoff.hpp"

#include <gtest/gtest.h>

#include <set>

namespace torc::base {
namespace {

TEST(RandomJitter, IsSpreadBetweenHalfAndOne) {
  std::set<double> values;
  for (int i = 0; i < 100; ++i) {
    const double jitter = random_jitter();
    EXPECT_GE(jitter, 0.5);
    EXPECT_LT(jitter, 1.0);
    values.insert(jitter);
  }
  EXPECT_GT(values.size(), 90U);
}

}  // namespace
}  // namespace torc::base
