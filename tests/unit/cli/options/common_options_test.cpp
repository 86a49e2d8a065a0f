#include "cli/parser/checks.hpp"

#include <gtest/gtest.h>

using torc::cli::check_count;
using torc::cli::check_id;
using torc::cli::check_one_of;

TEST(Checks, IdsArePositiveNumbers) {
  EXPECT_EQ(check_id("1"), "");
  EXPECT_EQ(check_id("9223372036854775807"), "");
  for (const char* text : {"", "0", "-1", "+1", "01", "0x10", "1.0", "1 ", "one", "9223372036854775808"}) {
    EXPECT_NE(check_id(text), "") << text;
  }
}

TEST(Checks, CountsAreNotNegative) {
  EXPECT_EQ(check_count("0"), "");
  EXPECT_EQ(check_count("12"), "");
  for (const char* text : {"", "-1", "00", "012", "1e3", "x"}) {
    EXPECT_NE(check_count(text), "") << text;
  }
}

TEST(Checks, ErrorsNameTheInvalidWord) {
  const auto check = check_one_of({"completed", "failed"});
  EXPECT_EQ(check("failed"), "");
  EXPECT_EQ(check("fialed"), "'fialed' is not valid (expected one of completed, failed); did you mean 'failed'?");
  EXPECT_EQ(check("FAILED").empty(), false);
  EXPECT_EQ(check_one_of({"Name"}, true)("nAME"), "");
}
