#include "torc/base/shell_quote.hpp"

#include <cstdio>
#include <memory>

#include <gtest/gtest.h>

#include "torc/base/error.hpp"

namespace torc::base {
namespace {

/// The output of a POSIX shell (/bin/sh) that runs `line`.
std::string output_of_shell(const std::string& line) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(line.c_str(), "r"), &::pclose);
  std::string output;
  char buffer[4096];
  std::size_t count = 0;
  while ((count = std::fread(buffer, 1, sizeof buffer, pipe.get())) > 0) {
    output.append(buffer, count);
  }
  return output;
}

TEST(ShellQuote, PreservesEveryByteInARealShell) {
  for (int byte = 1; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    for (const std::string& word : {std::string(1, c), std::string("a") + c + "b", std::string(3, c)}) {
      EXPECT_EQ(output_of_shell("printf %s " + shell_quote(word)), word) << "byte " << byte;
    }
  }
}

TEST(ShellQuote, PreservesAllBytesTogether) {
  std::string all;
  for (int round = 0; round < 2; ++round) {
    for (int byte = 1; byte < 256; ++byte) {
      all += static_cast<char>(round == 0 ? byte : 256 - byte);
    }
  }
  EXPECT_EQ(output_of_shell("printf %s " + shell_quote(all)), all);
}

TEST(ShellQuote, SurvivesASecondShell) {
  const std::string evil = "x; touch '/tmp/y' `id` $(id) \"$HOME\" \\ \n # ~ *";
  EXPECT_EQ(output_of_shell("sh -c " + shell_quote("printf %s " + shell_quote(evil))), evil);
}

TEST(ShellQuote, LeavesPlainWordsReadable) {
  EXPECT_EQ(shell_quote("/data/torc_output-1.log"), "/data/torc_output-1.log");
  EXPECT_EQ(shell_quote("a b"), "'a b'");
  EXPECT_EQ(shell_quote("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quote("~/x"), "'~/x'");
  EXPECT_EQ(shell_quote("a=b"), "'a=b'");
}

TEST(ShellQuote, KeepsAnEmptyWord) {
  EXPECT_EQ(shell_quote(""), "''");
}

TEST(ShellQuote, RefusesNulBytes) {
  EXPECT_THROW(shell_quote(std::string_view("a\0b", 3)), Error);
}

TEST(ShellJoin, QuotesEachWord) {
  EXPECT_EQ(shell_join({"tar", "-C", "my dir", ""}), "tar -C 'my dir' ''");
  EXPECT_EQ(shell_join({}), "");
  EXPECT_EQ(output_of_shell("printf '<%s>' " + shell_join({"a", "", "b c", "*"})), "<a><><b c><*>");
}

}  // namespace
}  // namespace torc::base
