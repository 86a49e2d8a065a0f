#include "runner/exchange/failure_rules.hpp"

#include <gtest/gtest.h>

namespace torc::runner {
namespace {

TEST(FailureRules, AreReadFromAHandler) {
  const auto rules = failure_rules_from(
      R"([{"exit_codes":[1,2],"recovery_script":"./fix.sh","max_retries":2},{"match_all_exit_codes":true}])");
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_TRUE(rules[0].matches(2));
  EXPECT_FALSE(rules[0].matches(3));
  EXPECT_EQ(rules[0].recovery_script, "./fix.sh");
  EXPECT_EQ(rules[0].max_retries, 2);
  EXPECT_TRUE(rules[1].matches(3));
  EXPECT_EQ(rules[1].recovery_script, "");
  EXPECT_EQ(rules[1].max_retries, 3);
}

TEST(FailureRules, AreIgnoredIfInvalid) {
  EXPECT_TRUE(failure_rules_from("nonsense").empty());
  EXPECT_TRUE(failure_rules_from("{}").empty());
  EXPECT_EQ(failure_rules_from(R"([3, {"exit_codes":"all"}, {"exit_codes":[1]}])").size(), 1U);
}

}  // namespace
}  // namespace torc::runner
