#include "runner/jobs/simple_command.hpp"

#include <gtest/gtest.h>

namespace torc::runner {
namespace {

using Words = std::vector<std::string>;

TEST(PlainWords, ContainNothingThatAShellInterprets) {
  EXPECT_EQ(plain_words("true"), Words{"true"});
  EXPECT_EQ(plain_words("  python3  train.py --rate=0.1 data/x.csv "),
            (Words{"python3", "train.py", "--rate=0.1", "data/x.csv"}));
  for (const char* const command :
       {"",        " ",     "a; b",   "a && b", "a | b",  "a > b",   "a < b",  "a &",  "a $B",   "a `b`", "a 'b'",
        "a \"b\"", "a \\b", "a *",    "a ?",    "a [b]",  "a {b,c}", "a ~",    "a #b", "!a",     "(a)",   "a\nb",
        "a\tb",    "A=1 b", "echo x", "cd /",   "exit 3", "if",      "time a", ". a",  "kill 1", "a^b",   "\xc3\xa4"}) {
    EXPECT_EQ(plain_words(command), std::nullopt) << command;
  }
}

TEST(SimpleCommandsTest, NeedAnExistingProgram) {
  SimpleCommands commands({"PATH=/nowhere:/bin:/usr/bin"});
  EXPECT_EQ(commands.argv("true"), Words{"true"});
  EXPECT_EQ(commands.argv("/bin/true x"), (Words{"/bin/true", "x"}));
  EXPECT_EQ(commands.argv("no-such-program"), std::nullopt) << "bash must report it with exit status 127";
  EXPECT_EQ(commands.argv("/etc/passwd"), std::nullopt);
  EXPECT_EQ(commands.argv("/bin"), std::nullopt);
  EXPECT_EQ(SimpleCommands({"PATH="}).argv("true"), std::nullopt);
}

TEST(SimpleCommandsTest, NeedAnEnvironmentThatDoesNotChangeTheShell) {
  EXPECT_EQ(SimpleCommands({"PATH=/bin", "BASH_ENV=/etc/rc"}).argv("true"), std::nullopt);
  EXPECT_EQ(SimpleCommands({"PATH=/bin", "BASH_FUNC_true%%=() { :; }"}).argv("true"), std::nullopt);
}

}  // namespace
}  // namespace torc::runner
