#include "workflow_file/parameters.hpp"

#include <gtest/gtest.h>

namespace torc::workflow_file {
namespace {

std::string joined(std::string_view text) {
  std::string result;
  for (const auto& value : parse_values(text)) {
    result += (result.empty() ? "" : "|") + value.text;
  }
  return result;
}

TEST(ParseValues, IncludesBothEndsOfARange) {
  EXPECT_EQ(joined("1:3"), "1|2|3");
  EXPECT_EQ(joined(" 1 : 3 "), "1|2|3");
  EXPECT_EQ(joined("-3:-1"), "-3|-2|-1");
  EXPECT_EQ(joined("0:10:3"), "0|3|6|9");
  EXPECT_EQ(joined("5:1:-2"), "5|3|1");
  EXPECT_EQ(joined("7:7"), "7");
  EXPECT_EQ(joined("9223372036854775806:9223372036854775807"), "9223372036854775806|9223372036854775807");
}

TEST(ParseValues, StepsThroughRealsWithoutDrift) {
  EXPECT_EQ(joined("0.0:1.0:0.1"), "0|0.1|0.2|0.3|0.4|0.5|0.6|0.7|0.8|0.9|1");
  EXPECT_EQ(joined("1:2.5:0.5"), "1|1.5|2|2.5");
  EXPECT_EQ(joined("1.0:0.0:-0.25"), "1|0.75|0.5|0.25|0");
  EXPECT_EQ(joined("0.001:0.005:0.002"), "0.001|0.003|0.005");
  EXPECT_EQ(joined("1e0:3e0"), "1|2|3");
  EXPECT_EQ(joined("-0.2:0.2:0.2"), "-0.2|0|0.2");
}

TEST(ParseValues, AcceptsListsOfNumbersAndTexts) {
  EXPECT_EQ(joined("[1,5]"), "1|5");
  EXPECT_EQ(joined("[0.10, 1e-5, 1e3, 100000000000000000000]"), "0.1|0.00001|1000|100000000000000000000");
  EXPECT_EQ(joined("['a','b']"), "a|b");
  EXPECT_EQ(joined("[\"a\", b, c d]"), "a|b|c d");
  EXPECT_EQ(joined("['a,b', 'http://x']"), "a,b|http://x");
  EXPECT_EQ(joined("['01', 02]"), "01|2");
  EXPECT_EQ(joined("adam"), "adam");
}

std::string all(const Combinations& combinations, std::string_view text) {
  std::string result;
  for (std::int64_t i = 0; i < combinations.count(); ++i) {
    result += (result.empty() ? "" : "|") + combinations.substitute(text, i);
  }
  return result;
}

Parameter parameter(const std::string& name, std::string_view values) {
  return {name, parse_values(values)};
}

TEST(Combinations, ChangeTheFirstParameterSlowest) {
  const Combinations product({parameter("b", "1:2"), parameter("a", "['x','y']")}, false);
  EXPECT_EQ(product.count(), 4);
  EXPECT_EQ(all(product, "{b}{a}"), "1x|1y|2x|2y");
}

TEST(Combinations, ZipCombinesValuesByPosition) {
  const Combinations zipped({parameter("b", "1:2"), parameter("a", "['x','y']")}, true);
  EXPECT_EQ(all(zipped, "{b}{a}"), "1x|2y");
}

TEST(Combinations, OfNothingAreOne) {
  const Combinations none({}, false);
  EXPECT_EQ(none.count(), 1);
  EXPECT_EQ(none.substitute("awk '{print $1}' {x}", 0), "awk '{print $1}' {x}");
}

TEST(Combinations, FormatNumbers) {
  const Combinations numbers({parameter("i", "[7,-3]"), parameter("r", "[0.5]"), parameter("t", "['z']")}, false);
  EXPECT_EQ(all(numbers, "{i:03d} {i:.2f} {r:.4f} {t:03d}"), "007 7.00 0.5000 z|-03 -3.00 0.5000 z");
}

TEST(Combinations, DoNotChangeOtherBraces) {
  const Combinations one({parameter("i", "[7]")}, false);
  EXPECT_EQ(one.substitute("awk '{print $i}' {j} {i:>4} {i:0999d} {} {i", 0),
            "awk '{print $i}' {j} {i:>4} {i:0999d} {} {i");
  EXPECT_EQ(one.substitute("{{i}} ${i} {{{i}", 0), "{7} $7 {{7");
}

TEST(Combinations, DoNotReplaceInsertedText) {
  const Combinations one({parameter("a", "['{b}']"), parameter("b", "[1]")}, false);
  EXPECT_EQ(one.substitute("{a} {b}", 0), "{b} 1");
}

TEST(Combinations, AreCountedWithoutOverflow) {
  std::vector<Parameter> parameters;
  for (int i = 0; i < 12; ++i) {
    parameters.push_back(parameter("p" + std::to_string(i), "1:10000"));
  }
  EXPECT_EQ(Combinations(std::move(parameters), false).count(), k_max_expanded + 1);
}

}  // namespace
}  // namespace torc::workflow_file
