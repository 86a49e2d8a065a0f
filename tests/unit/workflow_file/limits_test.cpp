// Files designed to use all memory, all stack or unlimited time: each must fail quickly, with an error that names the
// reason.

#include <gtest/gtest.h>

#include <string>

#include "torc/workflow_file/workflow_description.hpp"
#include "unit/workflow_file/parsed.hpp"
#include "workflow_file/node.hpp"

namespace torc::workflow_file {
namespace {

std::string repeated(const std::string& part, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) {
    result += part;
  }
  return result;
}

TEST(Limits, BoundNesting) {
  EXPECT_NE(message_of(repeated("[", 100) + repeated("]", 100), Format::yaml).find("nested more than 64 deep"),
            std::string::npos);
  EXPECT_NE(message_of(repeated("[", 1'000'000), Format::json).find("nested more than 64 deep"), std::string::npos);
  EXPECT_NE(message_of(repeated("{\"a\":", 1'000'000), Format::json).find("nested more than 64 deep"),
            std::string::npos);
  EXPECT_NE(message_of(repeated("[", 1'000'000), Format::json5).find("nested more than 64 deep"), std::string::npos);
  EXPECT_NE(message_of(repeated("{a:", 1'000'000), Format::json5).find("nested more than 64 deep"), std::string::npos);
  EXPECT_NE(message_of(repeated("- ", 10'000), Format::yaml).find("nested more than 64 deep"), std::string::npos);
}

TEST(Limits, BoundAliases) {
  std::string bomb = "name: p\nmetadata: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "k" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeated(before + ", ", 10) + "]\n";
  }
  EXPECT_EQ(message_of(bomb, Format::yaml),
            "wf.yaml:9: the file contains more than 20000000 values (aliases count as the values that they refer to)");
}

TEST(Limits, BoundExpandedText) {
  const std::string command(100'000, 'x');
  const std::string job = "  - {name: 'a_{i}', command: '" + command + "', parameters: {i: '1:1000000'}}\n";
  EXPECT_EQ(message_of("name: p\njobs:\n" + job, Format::yaml),
            "wf.yaml:3: the expanded jobs and files need more than 512 MiB");
}

TEST(Limits, BoundExpandedUserData) {
  const std::string data = "[" + repeated("~, ", 1000) + "~]";
  const std::string text = "name: p\njobs: []\nuser_data:\n  - {name: 'a_{i}', data: " + data;
  EXPECT_EQ(message_of(text + ", parameters: {i: '1:1000000'}}\n", Format::yaml),
            "wf.yaml:4: the expanded jobs and files need more than 512 MiB");
}

TEST(Limits, BoundReferredText) {
  const std::string data(1'000'000, 'x');
  const std::string text = "name: p\nuser_data: [{name: u, data: " + data + "}]\njobs:\n  - {name: a, command: '";
  EXPECT_EQ(message_of(text + repeated("${user_data.input.u}", 600) + "'}\n", Format::yaml),
            "wf.yaml:4: the commands with the data that they refer to need more than 512 MiB");
}

TEST(Limits, BoundDependenciesOfRegexes) {
  EXPECT_EQ(message_of("name: p\njobs:\n  - {name: 'a_{i}', command: c, parameters: {i: '1:10000'}}\n"
                       "  - {name: 'b_{i}', command: c, parameters: {i: '1:10000'}, depends_on_regexes: ['^a_']}\n",
                       Format::yaml),
            "wf.yaml:4: the regular expressions give the jobs more than 5000000 dependencies; add an intermediate job "
            "that depends on all of them");
}

TEST(Limits, BoundNamesAndMessages) {
  const std::string lengthy(100'000, 'k');
  for (const auto& text : {"name: p\njobs: []\n\"" + lengthy + "\": 1\n", lengthy + ": 1\n" + lengthy + ": 2\n",
                           "name: !" + lengthy + " p\n", "name: p\njobs: [{name: a, " + lengthy + ": 1}]\n",
                           "name: p\njobs: [{name: a, command: c, depends_on_regexes: ['(" + lengthy + "']}]\n"}) {
    EXPECT_LT(message_of(text, Format::yaml).size(), 1000U);
  }
  EXPECT_LT(message_of("{\"" + lengthy + "\": {}}", Format::json).size(), 1000U);
  const std::string job = "{\"command\": \"c\", \"name\": \"" + std::string(1001, 'n') + "\"}";
  EXPECT_EQ(message_of("{\"name\": \"p\", \"jobs\": [" + job + "]}", Format::json),
            "wf.yaml: /jobs/0: the name of a job must have 1 to 1000 bytes, found '" + std::string(99, 'n') + "...'");
}

}  // namespace
}  // namespace torc::workflow_file
