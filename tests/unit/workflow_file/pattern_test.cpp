#include "workflow_file/pattern.hpp"

#include <gtest/gtest.h>

#include <string>

#include "torc/base/error.hpp"

namespace torc::workflow_file {
namespace {

bool found(const std::string& expression, const std::string& text) {
  return Pattern(expression).found_in(text);
}

TEST(Pattern, IsFoundAnywhere) {
  EXPECT_TRUE(found("a_", "work_a_1"));
  EXPECT_TRUE(found("", "x"));
  EXPECT_FALSE(found("a_b", "work_a_1"));
  EXPECT_FALSE(found("a", ""));
}

TEST(Pattern, ErrorsNameTheCause) {
  const auto message = [](const std::string& expression) -> std::string {
    try {
      Pattern{expression};
    } catch (const base::Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message("(a"), "'(a' is not a valid regular expression: missing ): (a");
  EXPECT_EQ(message("(?=a)"), "'(?=a)' is not a valid regular expression: invalid perl operator: (?=");
}

TEST(Pattern, RefusesPatternsThatWouldGrowWithoutBounds) {
  EXPECT_THROW(Pattern("((a{1000}){1000}){1000}"), base::Error);
  EXPECT_THROW(Pattern(std::string(100'000, '(')), base::Error);
}

// Backtracking would take 2^30 steps here.
TEST(Pattern, DoesNotBacktrack) {
  const std::string text(3000, 'a');
  EXPECT_FALSE(found("^(a+)+$", text + "b"));
  EXPECT_FALSE(found("^(a?){30}a{30}$", std::string(29, 'a')));
  EXPECT_TRUE(found("^()*(a*)*$", text));
}

}  // namespace
}  // namespace torc::workflow_file
