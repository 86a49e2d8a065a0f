#include "torc/proc/command.hpp"

#include <gtest/gtest.h>

namespace torc::proc {
namespace {

using End = CommandResult::End;

TEST(RunCommand, CatchesBothStreamsAndTheExitCode) {
  const auto result = run_command({.argv = {"sh", "-c", "echo out; echo err >&2; exit 3"}});
  EXPECT_EQ(result.end, End::exited);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
}

TEST(RunCommand, AnswersAQuestion) {
  const auto result = run_command({.argv = {"sh", "-s"},
                                   .input = "main() { echo report; echo '?'; read -r answer; echo \"got $answer\"; exit; }\nmain\n",
                                   .answer = [](std::string_view out) { return out == "report\n" ? "go\n" : "no\n"; },
                                   .question = "?"});
  EXPECT_TRUE(result.ok()) << result.err;
  EXPECT_EQ(result.out, "got go\n");
}

TEST(RunCommand, EndsWhatHangs) {
  const auto result = run_command({.argv = {"sh", "-c", "sleep 60"}, .limit = std::chrono::milliseconds(50)});
  EXPECT_EQ(result.end, End::timed_out);
}

}  // namespace
}  // namespace torc::proc
