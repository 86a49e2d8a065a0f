#include "torc/base/printable.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace torc::base {
namespace {

using namespace std::string_literals;

struct Case {
  std::string text;
  std::string shown;
};

// Literals are split after an escape if a hex digit follows.
const std::vector<Case>& cases() {
  static const std::vector<Case> k_cases{
      {"", ""},
      {"plain text, \\x1b as it is", "plain text, \\x1b as it is"},
      {"line\n\ttab", "line\n\ttab"},
      // C0, DEL
      {"a\x1b[2Jb\x07\x7f", "a\\x1b[2Jb\\x07\\x7f"},
      {"a\0b"s, "a\\x00b"},
      {"\b\v\f", "\\x08\\x0b\\x0c"},
      {"dos\r\nline", "dos\nline"},
      {"10%\r20%\r", "10%\\x0d20%\\x0d"},
      {"\r\r\n", "\\x0d\n"},
      // C1, as code points and as bytes
      {"\u0085|\u009b2J|\u009d0;x\u009c", "\\u0085|\\u009b2J|\\u009d0;x\\u009c"},
      {"\x9b"
       "31m",
       "\\x9b31m"},
      // Changes of direction
      {"a\u202eb\u202c", "a\\u202eb\\u202c"},
      {"\u202a\u202b\u202d", "\\u202a\\u202b\\u202d"},
      {"\u2066\u2067\u2068\u2069", "\\u2066\\u2067\\u2068\\u2069"},
      {"\u200e\u200f\u061c", "\\u200e\\u200f\\u061c"},
      // Line separators and invisible characters
      {"\u2028\u2029", "\\u2028\\u2029"},
      {"a\u00adb\u200bc\u2060d\ufeff", "a\\u00adb\\u200bc\\u2060d\\ufeff"},
      {"\U000e0041\U000e007f", "\\U000e0041\\U000e007f"},
      {"\ufff9\ufffb", "\\ufff9\\ufffb"},
      // Noncharacters
      {"\xef\xb7\x90\xef\xbf\xbf\xf4\x8f\xbf\xbf", "\\ufdd0\\uffff\\U0010ffff"},
      // Ill-formed: a lone byte, an incomplete sequence, overlong '/' and ESC, a surrogate, beyond the last code point
      {"\xff\xfe", "\\xff\\xfe"},
      {"a\x80"
       "b",
       "a\\x80b"},
      {"\xe2\x82", "\\xe2\\x82"},
      {"\xe2\x82"
       "A",
       "\\xe2\\x82A"},
      {"\xc0\xaf\xc0\x9b\xe0\x80\x9b", "\\xc0\\xaf\\xc0\\x9b\\xe0\\x80\\x9b"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
      {"\xe2\x80\xae", "\\u202e"},
      {"\xe2\x80\x1b", "\\xe2\\x80\\x1b"},
      // Unchanged
      {"grüße, 漢字, עברית, العربية, ไทย", "grüße, 漢字, עברית, العربية, ไทย"},
      {"می\u200cخواهم, 👩\u200d🔬, ❤\ufe0f, e\u0301, \u00a0", "می\u200cخواهم, 👩\u200d🔬, ❤\ufe0f, e\u0301, \u00a0"},
  };
  return k_cases;
}

TEST(Printable, EscapesCharactersThatAreUnsafeForTerminals) {
  for (const auto& each : cases()) {
    EXPECT_EQ(printable(each.text), each.shown);
    EXPECT_EQ(printable(printable(each.text)), each.shown) << "printable text must not change";
  }
}

TEST(Printable, FitsOnALine) {
  EXPECT_EQ(printable_line("a\nb\tc\r\nd\x1b"), "a\\nb\\tc\\nd\\x1b");
}

TEST(PrintableStream, DoesNotDependOnThePieces) {
  for (const auto& each : cases()) {
    for (std::size_t size = 1; size <= 3; ++size) {
      PrintableStream stream;
      std::string shown;
      for (std::size_t at = 0; at < each.text.size(); at += size) {
        shown += stream.add(std::string_view(each.text).substr(at, size));
      }
      shown += stream.finish();
      EXPECT_EQ(shown, each.shown) << "pieces of " << size;
    }
  }
}

TEST(PrintableStream, HoldsBackOnlyIncompleteSequences) {
  PrintableStream stream;
  EXPECT_EQ(stream.add("a\xe2\x80"), "a");
  EXPECT_EQ(stream.add("\xaez"), "\\u202ez");
  EXPECT_EQ(stream.add("\r"), "");
  EXPECT_EQ(stream.add("x"), "\\x0dx");
  EXPECT_EQ(stream.add("\xf0\x9f"), "");
  EXPECT_EQ(stream.finish(), "\\xf0\\x9f");
  EXPECT_EQ(stream.finish(), "");
}

TEST(ColumnsOf, CountsWideAndCombiningCharacters) {
  EXPECT_EQ(columns_of(""), 0U);
  EXPECT_EQ(columns_of("abc"), 3U);
  EXPECT_EQ(columns_of("grüße"), 5U);
  EXPECT_EQ(columns_of("漢字"), 4U);
  EXPECT_EQ(columns_of("e\u0301"), 1U);
  EXPECT_EQ(cut_to_columns("漢字ab", 3), "漢");
  EXPECT_EQ(cut_to_columns("漢字ab", 5), "漢字a");
  EXPECT_EQ(cut_to_columns("abc", 2), "ab");
  EXPECT_EQ(cut_to_columns("abc", 9), "abc");
}

TEST(PrintableJson, StaysTheSameJson) {
  for (const auto& each : cases()) {
    const nlohmann::json value{{"key " + each.text, each.text}};
    const std::string text = value.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
    const std::string shown = printable_json(text);
    EXPECT_EQ(nlohmann::json::parse(shown), nlohmann::json::parse(text));
    EXPECT_EQ(printable(shown), shown);
  }
  EXPECT_EQ(printable_json("{\n  \"a\": \"\u202e\x7f\U000e0041ü\"\n}"),
            "{\n  \"a\": \"\\u202e\\u007f\\udb40\\udc41ü\"\n}");
  EXPECT_EQ(printable_json("\"\xff\""), "\"\\ufffd\"");
}

TEST(DecodeUtf8, DistinguishesIncompleteFromInvalidSequences) {
  using State = CodePoint::State;
  EXPECT_EQ(decode_utf8("A").value, U'A');
  EXPECT_EQ(decode_utf8("😀").value, U'😀');
  EXPECT_EQ(decode_utf8("😀").length, 4U);
  EXPECT_EQ(decode_utf8("\xf0\x9f\x98").state, State::incomplete);
  EXPECT_EQ(decode_utf8("\xf0\x80\x80").state, State::bad);
  EXPECT_EQ(decode_utf8("\xed\xa0").state, State::bad);
}

}  // namespace
}  // namespace torc::base
