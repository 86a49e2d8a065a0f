#include "spec/pattern.hpp"

#include <gtest/gtest.h>

#include <string>

#include "torc/base/error.hpp"

namespace torc::spec {
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

TEST(Pattern, KnowsAnchors) {
  EXPECT_TRUE(found("^work", "work_1"));
  EXPECT_FALSE(found("^ork", "work_1"));
  EXPECT_TRUE(found("_1$", "work_1"));
  EXPECT_FALSE(found("_1$", "work_12"));
  EXPECT_TRUE(found("^$", ""));
  EXPECT_TRUE(found("\\Awork\\z", "work"));
  EXPECT_TRUE(found("\\bb\\b", "a-b-c"));
  EXPECT_FALSE(found("\\bb\\b", "a_b_c"));
  EXPECT_TRUE(found("a\\Bb", "ab"));
}

TEST(Pattern, KnowsClasses) {
  EXPECT_TRUE(found("^[a-c_]+$", "ab_c"));
  EXPECT_FALSE(found("^[^a-c]+$", "xay"));
  EXPECT_TRUE(found("^\\w+\\s\\d{2}$", "ab 12"));
  EXPECT_TRUE(found("^\\D\\W\\S$", "a-b"));
  EXPECT_TRUE(found("^[[:alpha:]]+[[:digit:]-]+$", "ab1-2"));
  EXPECT_TRUE(found("^[]a]+$", "]a"));
  EXPECT_TRUE(found("^[\\d.\\]]+$", "1.]"));
  EXPECT_TRUE(found("^[a-]+$", "a-"));
  EXPECT_TRUE(found("^a.c$", "abc"));
  EXPECT_FALSE(found("^a.c$", "a\nc"));
  EXPECT_TRUE(found("(?s)^a.c$", "a\nc"));
}

TEST(Pattern, Repeats) {
  EXPECT_TRUE(found("^ab*c$", "ac"));
  EXPECT_TRUE(found("^ab*c$", "abbc"));
  EXPECT_FALSE(found("^ab+c$", "ac"));
  EXPECT_TRUE(found("^ab?c$", "abc"));
  EXPECT_FALSE(found("^ab?c$", "abbc"));
  EXPECT_TRUE(found("^a{2}$", "aa"));
  EXPECT_FALSE(found("^a{2}$", "aaa"));
  EXPECT_TRUE(found("^a{2,}$", "aaaa"));
  EXPECT_FALSE(found("^a{2,}$", "a"));
  EXPECT_TRUE(found("^a{0,2}$", ""));
  EXPECT_FALSE(found("^a{1,2}$", "aaa"));
  EXPECT_TRUE(found("^(ab)+?c$", "ababc"));
  EXPECT_TRUE(found("^(a|bc){2,3}$", "abca"));
  EXPECT_FALSE(found("^(a|bc){2,3}$", "abcabc"));
  EXPECT_TRUE(found("^ö+$", "öö"));
}

TEST(Pattern, ChoosesAmongAlternatives) {
  for (const char* text : {"one", "two", "three", "four"}) {
    EXPECT_TRUE(found("^(one|two|three|four)$", text)) << text;
  }
  EXPECT_FALSE(found("^(one|two|three|four)$", "five"));
  EXPECT_TRUE(found("a||b", "x"));
  EXPECT_TRUE(found("^(?:a|(?:b|c)d)$", "cd"));
  EXPECT_TRUE(found("^x|y$", "zy"));
}

TEST(Pattern, KnowsGroupsAndFlags) {
  EXPECT_TRUE(found("(?i)WORK_\\d", "work_1"));
  EXPECT_TRUE(found("^(?i:A)b$", "ab"));
  EXPECT_FALSE(found("^(?i:A)b$", "aB"));
  EXPECT_TRUE(found("^((?i)A)b$", "ab"));
  EXPECT_FALSE(found("^((?i)A)b$", "aB"));
  EXPECT_TRUE(found("^(?P<stage>prep)_(?<n>\\d+)$", "prep_12"));
}

TEST(Pattern, TakesEscapes) {
  EXPECT_TRUE(found("^a\\.b\\{\\}\\\\$", "a.b{}\\"));
  EXPECT_TRUE(found("^\\t\\x41$", "\tA"));
}

TEST(Pattern, SaysWhatIsWrong) {
  const auto message = [](const std::string& expression) -> std::string {
    try {
      Pattern{expression};
    } catch (const base::Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message("a)"), "'a)' is no valid regular expression: ')' without '('");
  EXPECT_EQ(message("(a"), "'(a' is no valid regular expression: a '(' is not closed");
  EXPECT_EQ(message("[a"), "'[a' is no valid regular expression: a '[' is not closed");
  EXPECT_EQ(message("*a"), "'*a' is no valid regular expression: nothing stands before '*' to repeat");
  EXPECT_EQ(message("a{2,1}"),
            "'a{2,1}' is no valid regular expression: '{2,1}' is no number of repetitions from 0 to 1000");
  EXPECT_EQ(message("[b-a]"), "'[b-a]' is no valid regular expression: a range in a class runs backwards");
  EXPECT_EQ(message("(?=a)"), "'(?=a)' is no valid regular expression: look-ahead is not supported");
  EXPECT_EQ(message("(?<!a)"), "'(?<!a)' is no valid regular expression: look-behind is not supported");
  EXPECT_EQ(message("(a)\\1"), "'(a)\\1' is no valid regular expression: the escape '\\1' is not supported");
  EXPECT_EQ(message("a\\"), "'a\\' is no valid regular expression: it ends with a backslash");
  EXPECT_EQ(message("(?i"), "'(?i' is no valid regular expression: a '(' is not closed");
}

TEST(Pattern, RefusesWhatWouldGrowWithoutBounds) {
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
}  // namespace torc::spec
