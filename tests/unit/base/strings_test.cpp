#include "torc/base/strings.hpp"

#include <gtest/gtest.h>

namespace torc::base {
namespace {

TEST(ParseInt, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_int("42"), 42);
  EXPECT_EQ(parse_int("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(parse_int("9223372036854775808"), std::nullopt);
  EXPECT_EQ(parse_int(""), std::nullopt);
  EXPECT_EQ(parse_int("4 "), std::nullopt);
}

TEST(Closest, NamesTheWordThatWasMeant) {
  EXPECT_EQ(closest("stat", {"start", "status", "stop"}), "status");
  EXPECT_EQ(closest("lst", {"list", "get"}), "list");
  EXPECT_EQ(closest("xyzzy", {"list", "get"}), std::nullopt);
}

}  // namespace
}  // namespace torc::base
