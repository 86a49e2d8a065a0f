#include "torc/base/strings.hpp"

#include <gtest/gtest.h>

namespace torc::base {
namespace {

using Words = std::vector<std::string>;

TEST(Trim, RemovesWhiteSpaceAtBothEnds) {
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim(""), "");
}

TEST(WithoutByteOrderMark, RemovesOneMarkAtTheBeginning) {
  EXPECT_EQ(without_byte_order_mark("\xEF\xBB\xBF"
                                    "a"),
            "a");
  EXPECT_EQ(without_byte_order_mark("a\xEF\xBB\xBF"), "a\xEF\xBB\xBF");
  EXPECT_EQ(without_byte_order_mark("\xEF\xBB"), "\xEF\xBB");
  EXPECT_EQ(without_byte_order_mark(""), "");
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,,b,", ','), (Words{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (Words{""}));
}

TEST(SplitLines, AcceptsBothLineEnds) {
  EXPECT_EQ(split_lines("a\r\n\nb"), (Words{"a", "", "b"}));
  EXPECT_EQ(split_lines("a\n"), (Words{"a"}));
  EXPECT_EQ(split_lines(""), Words{});
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join({"a", "b", "c"}, ", "), "a, b, c");
  EXPECT_EQ(join({"a"}, ", "), "a");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(ToLower, ChangesAsciiOnly) {
  EXPECT_EQ(to_lower("AbZ-1\xc3\x84"), "abz-1\xc3\x84");
}

TEST(ReplaceAll, DoesNotReplaceInsertedText) {
  EXPECT_EQ(replace_all("aXXb", "X", "XX"), "aXXXXb");
  EXPECT_EQ(replace_all("{a}{b}{a}", "{a}", ""), "{b}");
  EXPECT_EQ(replace_all("", "x", "y"), "");
}

TEST(ParseInt, ParsesTheWholeTextOrFails) {
  EXPECT_EQ(parse_int("42"), 42);
  EXPECT_EQ(parse_int("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(parse_int("9223372036854775808"), std::nullopt);
  EXPECT_EQ(parse_int(""), std::nullopt);
  EXPECT_EQ(parse_int("-"), std::nullopt);
  EXPECT_EQ(parse_int("+4"), std::nullopt);
  EXPECT_EQ(parse_int("0x10"), std::nullopt);
  EXPECT_EQ(parse_int("4 "), std::nullopt);
}

TEST(ParseDouble, AcceptsFiniteNumbersOnly) {
  EXPECT_EQ(parse_double("0.5"), 0.5);
  EXPECT_EQ(parse_double("-1e3"), -1000.0);
  for (const char* text : {"", "nan", "inf", "-inf", "1e999", "1.5x", " 1", "."}) {
    EXPECT_EQ(parse_double(text), std::nullopt) << text;
  }
}

TEST(EditDistance, CountsSingleChanges) {
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("same", "same"), 0u);
}

TEST(Closest, FindsTheMostSimilarWord) {
  EXPECT_EQ(closest("stat", {"start", "status", "stop"}), "status");
  EXPECT_EQ(closest("lst", {"list", "get"}), "list");
  EXPECT_EQ(closest("depend_on", {"name", "depends_on", "command"}), "depends_on");
  EXPECT_EQ(closest("xyzzy", {"list", "get"}), std::nullopt);
  EXPECT_EQ(closest("x", {}), std::nullopt);
}

TEST(Hash64, IsFnv1a) {
  EXPECT_EQ(hash64(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(hash64("a"), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(hash64("foobar"), 0x85944171f73967e8ULL);
}

TEST(Counted, TakesTheSingularForOneOnly) {
  EXPECT_EQ(counted(0, "job"), "0 jobs");
  EXPECT_EQ(counted(1, "job"), "1 job");
  EXPECT_EQ(counted(2, "job"), "2 jobs");
}

TEST(ToHex, ReturnsTheLowestDigits) {
  EXPECT_EQ(to_hex(0x1234abcd, 4), "abcd");
  EXPECT_EQ(to_hex(0x1, 8), "00000001");
  EXPECT_EQ(to_hex(UINT64_MAX, 16), "ffffffffffffffff");
}

}  // namespace
}  // namespace torc::base
