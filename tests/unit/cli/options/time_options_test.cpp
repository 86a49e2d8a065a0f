#include "cli/options/time_options.hpp"

#include <gtest/gtest.h>

#include "torc/base/units.hpp"

namespace torc::cli {
namespace {

using Words = std::vector<std::string>;

TEST(TimeOptions, GetAFixedEndForALaterStart) {
  const auto fixed = with_fixed_end({.time_limit = "PT1H", .idle_seconds = 60});
  EXPECT_EQ(fixed.time_limit, "");
  const auto end = base::parse_timestamp(fixed.end_time);
  ASSERT_TRUE(end) << fixed.end_time;
  EXPECT_NEAR(static_cast<double>((*end - std::chrono::system_clock::now()) / std::chrono::seconds(1)), 3600, 5);
  EXPECT_EQ(words_of(fixed), (Words{"--end-time", fixed.end_time, "--idle-timeout", "60"}));
  EXPECT_EQ(words_of(with_fixed_end({})), Words{});
}

}  // namespace
}  // namespace torc::cli
