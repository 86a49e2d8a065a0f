#include <gtest/gtest.h>

#include <string>

#include "torc/model/json.hpp"
#include "unit/workflow_file/parsed.hpp"

namespace torc::workflow_file {
namespace {

WorkflowDescription json5(const std::string& text) {
  return parse_workflow(text, Format::json5, "wf.json5");
}

/// The error for a file.
std::string error_of(const std::string& text) {
  return message_of(text, Format::json5, "wf.json5");
}

/// A value of the file, as JSON.
std::string value(const std::string& text) {
  return json5("{name: 'p', jobs: [], user_data: [{name: 'u', data: " + text + "}]}").user_data.at(0).data->dump();
}

TEST(Json5, AcceptsHandwrittenFiles) {
  const auto description = json5(R"(// A sweep
{
  name: 'sweep', /* the
     workflow */
  "description": "it's \"quoted\"",
  jobs: [
    {name: "work_{i}", command: 'echo {i} && \
echo done', parameters: {i: '1:2'},},
  ],
}
// the end)");
  EXPECT_EQ(description.workflow.name, "sweep");
  EXPECT_EQ(description.workflow.description, "it's \"quoted\"");
  ASSERT_EQ(description.jobs.size(), 2U);
  EXPECT_EQ(description.jobs[1].name, "work_2");
  EXPECT_EQ(description.jobs[1].command, "echo 2 && echo done");
}

TEST(Json5, AnyJsonIsJson5) {
  EXPECT_EQ(value(R"({"a": [1, -2.5e3, true, false, null, "xA\n\ud83d\ude00"], "b": {}})"),
            nlohmann::json::parse(R"({"a": [1, -2.5e3, true, false, null, "xA\n\ud83d\ude00"], "b": {}})").dump());
}

TEST(Json5, Numbers) {
  EXPECT_EQ(value("[0x1F, -0Xa, +7, -0, 0, 12]"), "[31,-10,7,0,0,12]");
  EXPECT_EQ(value("[.5, 5., -.5e1, +1e3, 1E-2]"), "[0.5,5.0,-5.0,1000.0,0.01]");
  EXPECT_EQ(value("9223372036854775807"), "9223372036854775807");
  EXPECT_EQ(error_of("[Infinity]"), "wf.json5:1:2: invalid JSON5: Infinity is not allowed in a workflow");
  EXPECT_EQ(error_of("[-Infinity]"), "wf.json5:1:2: invalid JSON5: '-Infinity' is not allowed in a workflow");
  EXPECT_EQ(error_of("[+NaN]"), "wf.json5:1:2: invalid JSON5: 'NaN' is not allowed in a workflow");
  EXPECT_EQ(error_of("[0xFFFFFFFFFFFFFFFFF]"), "wf.json5:1:4: invalid JSON5: the number is too large");
  EXPECT_EQ(error_of("[0xfg]"), "wf.json5:1:4: invalid JSON5: expected hexadecimal digits");
  EXPECT_EQ(error_of("[0x]"), "wf.json5:1:4: invalid JSON5: expected hexadecimal digits");
  EXPECT_EQ(error_of("[012]"), "wf.json5:1:2: invalid JSON5: a number must not begin with 0");
  EXPECT_EQ(error_of("[1e]"), "wf.json5:1:4: invalid JSON5: expected the digits of an exponent");
  for (const char* wrong : {"[.]", "[+]", "[-]", "[1x]", "[.e1]"}) {
    EXPECT_EQ(error_of(wrong), "wf.json5:1:2: invalid JSON5: invalid number") << wrong;
  }
}

TEST(Json5, Texts) {
  EXPECT_EQ(value(R"('\'\"\\\/\b\f\n\r\t\v\x41\u00e9\a\q')"), nlohmann::json("'\"\\/\b\f\n\r\t\vAéaq").dump());
  EXPECT_EQ(value("'a\\\r\nb\\\nc\\\xE2\x80\xA8"
                  "d'"),
            "\"abcd\"");
  EXPECT_EQ(value("'\xE2\x80\xA8'"), nlohmann::json("\xE2\x80\xA8").dump()) << "it may be unescaped";
  EXPECT_EQ(error_of("['a\nb']"), "wf.json5:1:2: invalid JSON5: the text has no closing quote on its line");
  EXPECT_EQ(error_of("['abc"), "wf.json5:1:2: invalid JSON5: the text has no closing quote on its line");
  EXPECT_EQ(error_of("['abc\\"), "wf.json5:1:2: invalid JSON5: the text has no closing quote on its line");
  EXPECT_EQ(error_of(R"(['\u12G4'])"), "wf.json5:1:7: invalid JSON5: the escape requires 4 hexadecimal digits");
  EXPECT_EQ(error_of(R"(['\x4'])"), "wf.json5:1:6: invalid JSON5: the escape requires 2 hexadecimal digits");
  EXPECT_EQ(error_of(R"(['\ud800'])"), "wf.json5:1:5: invalid JSON5: half of a surrogate pair is not a character");
  EXPECT_EQ(error_of(R"(['\udc00\ud800'])"),
            "wf.json5:1:5: invalid JSON5: half of a surrogate pair is not a character");
  EXPECT_EQ(error_of(R"(['\1'])"), "wf.json5:1:4: invalid JSON5: a digit cannot be escaped");
  EXPECT_EQ(error_of(R"(['\01'])"), "wf.json5:1:4: invalid JSON5: a digit cannot be escaped");
}

TEST(Json5, Keys) {
  EXPECT_EQ(value(R"({$a_1: 1, 'b c': 2, "d": 3, ümlaut: 4, \u0061b: 5, null: 6})"),
            nlohmann::json::parse(R"({"$a_1": 1, "b c": 2, "d": 3, "ümlaut": 4, "ab": 5, "null": 6})").dump());
  EXPECT_EQ(error_of("{a b: 1}"), "wf.json5:1:4: invalid JSON5: expected ':' after the key, found 'b'");
  EXPECT_EQ(error_of("{1a: 1}"), "wf.json5:1:2: invalid JSON5: expected a key, found '1'");
  EXPECT_EQ(error_of("{,}"), "wf.json5:1:2: invalid JSON5: expected a key, found ','");
  EXPECT_EQ(error_of(R"({a\x41: 1})"), "wf.json5:1:4: invalid JSON5: the only escape in a name is \\uHHHH");
  EXPECT_EQ(error_of("{name: 'p', name: 'q'}"), "wf.json5: /name: the key 'name' appears twice in one map");
}

TEST(Json5, BlanksAndComments) {
  EXPECT_EQ(value("\t\v\f\xC2\xA0\xEF\xBB\xBF\xE2\x80\xA9\xE3\x80\x80[/**/1/* , */,// two\r2 //\xE2\x80\xA8,]"),
            "[1,2]");
  EXPECT_EQ(error_of("[1 /* no end"), "wf.json5:1:4: invalid JSON5: the comment is not closed");
  EXPECT_EQ(error_of("// nothing"), "wf.json5:1:11: invalid JSON5: expected a value, found the end of the file");
}

TEST(Json5, ErrorsNameThePosition) {
  EXPECT_EQ(error_of("{\n  name: 'é', x\n}"), "wf.json5:3:1: invalid JSON5: expected ':' after the key, found '}'");
  EXPECT_EQ(error_of("{name: 'é' jobs: []}"), "wf.json5:1:12: invalid JSON5: expected ',' or '}', found 'j'");
  EXPECT_EQ(error_of("[1,,2]"), "wf.json5:1:4: invalid JSON5: expected a value, found ','");
  EXPECT_EQ(error_of("[1"), "wf.json5:1:3: invalid JSON5: expected ',' or ']', found the end of the file");
  EXPECT_EQ(error_of("{} {}"), "wf.json5:1:4: invalid JSON5: expected the end of the file, found '{'");
  EXPECT_EQ(error_of("{name: p}"), "wf.json5:1:8: invalid JSON5: 'p' is not a value; a text needs quotes");
  EXPECT_EQ(error_of("{name: 'p', job: []}").substr(0, 15), "wf.json5: /job:") << error_of("{name: 'p', job: []}");
  EXPECT_EQ(error_of("null"), "wf.json5: the file contains no workflow");
}

/// No prefix of a file crashes the reader.
TEST(Json5, SurvivesEveryPrefixOfAFile) {
  const std::string text = R"({name: 'p\u00e9\
', jobs: [{name: "a", command: 'x', /* c */ priority: +0x1,},], // d
 user_data: [{name: 'u', data: [.5, -1e3, null]}]})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(error_of(text.substr(0, size)), "no error") << size;
  }
  EXPECT_EQ(error_of(text), "no error");
}

}  // namespace
}  // namespace torc::workflow_file
