#include "torc/proc/command.hpp"

#include <signal.h>
#include <stdlib.h>

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <numeric>
#include <stop_token>
#include <string>
#include <thread>

#include "support/temp_dir.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/fan_out.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::proc {
namespace {

using End = CommandResult::End;
using std::chrono::milliseconds;

TEST(RunCommand, CatchesBothStreamsAndTheExitCode) {
  const auto result = run_command({.argv = {"sh", "-c", "echo out; echo err >&2; exit 3"}});
  EXPECT_EQ(result.end, End::exited);
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
}

TEST(RunCommand, AnswersAQuestion) {
  const std::string script = "main() { echo report; echo '?'; read -r answer; echo \"got $answer\"; exit; }\nmain\n";
  const auto result = run_command({.argv = {"sh", "-s"},
                                   .input = script,
                                   .answer = [](std::string_view out) { return out == "report\n" ? "go\n" : "no\n"; },
                                   .question = "?"});
  EXPECT_TRUE(result.ok()) << result.err;
  EXPECT_EQ(result.out, "got go\n");
}

TEST(RunCommand, EndsAHangingProgram) {
  const auto result = run_command({.argv = {"sh", "-c", "sleep 60"}, .limit = milliseconds(50)});
  EXPECT_EQ(result.end, End::timed_out);
}

/// Runs a script that prints "?" when it is ready to be stopped, and requests the stop then. @returns its result and
/// what it printed before
std::pair<CommandResult, std::string> stopped_when_ready(const std::string& script) {
  std::stop_source stop;
  std::string before;
  std::jthread stopper;
  const auto result = run_command({.argv = {"sh", "-c", script},
                                   .answer =
                                       [&](std::string_view out) {
                                         before = out;
                                         stopper = std::jthread([&] { stop.request_stop(); });
                                         return "";
                                       },
                                   .question = "?"},
                                  stop.get_token());
  return {result, before};
}

TEST(RunCommand, KillsAProgramThatIgnoresSigterm) {
  const auto start = std::chrono::steady_clock::now();
  const auto [result, before] = stopped_when_ready("trap '' TERM; echo deaf; echo '?'; while :; do sleep 60; done");
  EXPECT_EQ(result.end, End::canceled);
  EXPECT_EQ(before, "deaf\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(RunCommand, KillsDescendantsOfAnEndedChild) {
  // SIGTERM ends the shell but not its child.
  const std::string deaf = "sh -c \"trap '' TERM; echo \\$\\$; echo '?'; while :; do sleep 60; done\"";
  const auto [result, before] = stopped_when_ready("trap 'exit 0' TERM; " + deaf + " & wait");
  EXPECT_EQ(result.end, End::canceled);
  const auto pid = base::parse_int(base::trim(before));
  ASSERT_TRUE(pid) << before;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (::kill(static_cast<pid_t>(*pid), 0) == 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_NE(::kill(static_cast<pid_t>(*pid), 0), 0);
}

TEST(RunCommand, CarriesMegabytesBothWays) {
  std::string input;
  for (int i = 0; input.size() < (3UL << 20U); ++i) {
    input += std::to_string(i) + "\n";
  }
  const auto result = run_command({.argv = {"sh", "-c", "tee /dev/stderr"}, .input = input});
  EXPECT_TRUE(result.ok());
  EXPECT_TRUE(result.out == input);
  EXPECT_TRUE(result.err == input);
}

TEST(RunCommand, KeepsNoMoreOutputThanAllowed) {
  const auto result =
      run_command({.argv = {"sh", "-c", "head -c 1000000 /dev/zero; echo end >&2"}, .output_limit = 1000});
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out.size(), 1000U);
  EXPECT_EQ(result.err, "end\n");
}

TEST(RunCommand, SurvivesAChildThatClosesItsInput) {
  prepare_signals_for_children();
  const auto result =
      run_command({.argv = {"sh", "-c", "exec <&-; echo closed; exit 4"}, .input = std::string(1UL << 20U, 'x')});
  EXPECT_EQ(result.end, End::exited);
  EXPECT_EQ(result.code, 4);
  EXPECT_EQ(result.out, "closed\n");
}

TEST(RunCommand, DoesNotWaitForAGrandchildThatHoldsTheOutput) {
  const auto start = std::chrono::steady_clock::now();
  const auto result = run_command({.argv = {"sh", "-c", "sleep 20 & echo out"}});
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out, "out\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(RunCommand, EndsAtAStopRequest) {
  std::stop_source source;
  std::jthread stopper;
  const auto result = run_command({.argv = {"sh", "-c", "echo '?'; read -r x; sleep 60"},
                                   .answer =
                                       [&](std::string_view) {
                                         stopper = std::jthread([&] { source.request_stop(); });
                                         return "go\n";
                                       },
                                   .question = "?"},
                                  source.get_token());
  EXPECT_EQ(result.end, End::canceled);
  EXPECT_EQ(run_command({.argv = {"sleep", "60"}}, source.get_token()).end, End::canceled) << "requested before";
}

TEST(RunCommand, KillsAtOnceIfRequested) {
  for (const bool hasty_before : {false, true}) {
    std::stop_source stop;
    std::stop_source kill_now;
    if (hasty_before) {
      kill_now.request_stop();
    }
    std::jthread stopper;
    // After SIGTERM it counts for less than its grace period of two seconds, unless it is killed.
    const support::TempDir directory;
    const std::string counted = (directory / "counted").string();
    const std::string count = "i=0; while [ $i -lt 15 ]; do i=$((i + 1)); sleep 0.1; done; touch " + counted;
    const auto result = run_command(
        {.argv = {"sh", "-c", "trap '" + count + "' TERM; echo '?'; read -r x; while :; do sleep 0.02; done"},
         .answer =
             [&](std::string_view) {
               stopper = std::jthread([&] {
                 stop.request_stop();
                 std::this_thread::sleep_for(std::chrono::milliseconds(100));
                 kill_now.request_stop();
               });
               return "go\n";
             },
         .question = "?",
         .kill_now = kill_now.get_token()},
        stop.get_token());
    EXPECT_EQ(result.end, End::canceled);
    EXPECT_FALSE(std::filesystem::exists(counted));
  }
}

TEST(RunCommand, ReportsTheSignalOrWhyTheStartFailed) {
  const auto killed = run_command({.argv = {"sh", "-c", "kill -9 $$"}});
  EXPECT_EQ(killed.end, End::signaled);
  EXPECT_EQ(killed.code, 9);
  const auto missing = run_command({.argv = {"/no/such/program"}});
  EXPECT_EQ(missing.end, End::not_started);
  EXPECT_EQ(missing.err, "cannot execute /no/such/program: No such file or directory");
}

TEST(RunCommand, RestartsTheLimitWhileAFileGrows) {
  std::string directory = "/tmp/torc-command-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const std::string file = directory + "/file";
  // Longer than the limit in total, while each pause is far shorter, even on a busy machine.
  const std::string script = "for i in 1 2 3 4 5 6 7 8; do head -c 5000 /dev/zero >>" + file + "; sleep 0.45; done";
  const auto result = run_command({.argv = {"sh", "-c", script}, .limit = milliseconds(3000), .progress_file = file});
  EXPECT_TRUE(result.ok());
  std::filesystem::remove_all(directory);
}

TEST(RunCommand, RestartsTheLimitWhileBytesMove) {
  // Longer than the limit in total, while each pause is far shorter, even on a busy machine.
  Command command{
      .argv = {"sh", "-c", "i=0; while [ $i -lt 35 ]; do i=$((i + 1)); head -c 100000 /dev/zero; sleep 0.1; done"},
      .limit = milliseconds(3000),
      .limit_is_standstill = true};
  EXPECT_TRUE(run_command(command).ok());
  command.argv = {"sleep", "100"};
  EXPECT_EQ(run_command(command).end, End::timed_out);
}

TEST(RunCommand, EndsAFloodOfEitherStream) {
  for (const char* script : {"exec cat /dev/zero", "exec cat /dev/zero >&2", "yes"}) {
    const auto began = std::chrono::steady_clock::now();
    const auto result = run_command({.argv = {"sh", "-c", script}, .output_limit = 100'000, .flood_is_failure = true});
    EXPECT_EQ(result.end, End::flooded) << script;
    EXPECT_EQ(result.out.size() + result.err.size(), 100'000U);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
  }
  const Command fits{.argv = {"head", "-c", "100000", "/dev/zero"}, .output_limit = 100'000, .flood_is_failure = true};
  EXPECT_TRUE(run_command(fits).ok());
}

TEST(RunCommand, EndsADroppedFloodAtItsLimit) {
  // Faster than it can be read, so that there is always more.
  const auto result = run_command({.argv = {"cat", "/dev/zero"}, .limit = milliseconds(300), .output_limit = 100'000});
  EXPECT_EQ(result.end, End::timed_out);
  EXPECT_EQ(result.out.size(), 100'000U);
}

TEST(RunCommand, RestartsTheLimitOnlyForProgress) {
  Command command{.limit = milliseconds(1500), .progress_mark = "#mark"};
  command.argv = {"sh", "-c", "for i in 1 2 3 4 5 6; do echo noise; echo \"#mark $i\"; sleep 0.4; done"};
  EXPECT_TRUE(run_command(command).ok());
  for (const char* line : {"#mark 7", "noise", "#mark", "#mark x", "#mark -5", "#markup 9$i"}) {
    command.argv = {"sh", "-c", "i=0; while :; do i=$((i + 1)); echo '" + std::string(line) + "'; sleep 0.1; done"};
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(run_command(command).end, End::timed_out) << line;
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20)) << line;
  }
}

TEST(RunCommand, EndsAtTheLongestTimeRegardlessOfProgress) {
  const char* script = "i=0; while :; do i=$((i + 1)); echo \"#mark $i\"; sleep 0.1; done";
  const auto result = run_command({.argv = {"sh", "-c", script},
                                   .limit = milliseconds(1500),
                                   .progress_mark = "#mark",
                                   .longest = milliseconds(2500)});
  EXPECT_EQ(result.end, End::timed_out);
}

TEST(RunCommand, DoesNotCountTheTimeThatTheAnswerTakes) {
  const auto result = run_command({.argv = {"sh", "-c", "echo '?'; read -r answer; sleep 0.2; echo $answer"},
                                   .answer =
                                       [](std::string_view) {
                                         std::this_thread::sleep_for(milliseconds(2500));
                                         return std::string("yes\n");
                                       },
                                   .question = "?",
                                   .limit = milliseconds(2000),
                                   .longest = milliseconds(2000)});
  EXPECT_TRUE(result.ok());
  EXPECT_EQ(result.out, "yes\n");
}

TEST(RunCommand, EndsADownloadThatIsTooLargeOrTooSlow) {
  const support::TempDir directory;
  const std::string file = (directory / "fetched").string();
  Command command{.limit = milliseconds(20'000), .progress_file = file, .progress_file_limit = 1'000'000};
  command.argv = {"sh", "-c", "exec cat /dev/zero >\"$0\"", file};
  EXPECT_EQ(run_command(command).end, End::flooded);
  command.limit = milliseconds(2500);
  command.argv = {"sh", "-c", "while :; do echo x; sleep 0.2; done >\"$0\"", file};
  EXPECT_EQ(run_command(command).end, End::timed_out) << "an occasional byte is not enough progress";
}

TEST(RunCommand, RunsInManyThreadsAtOnce) {
  const auto ok = fan_out(std::vector<int>(40), 8, [](int) {
    return run_command({.argv = {"sh", "-c", "cat; echo e >&2"}, .input = "in"}).out == "in" ? 1 : 0;
  });
  EXPECT_EQ(std::accumulate(ok.begin(), ok.end(), 0), 40);
}

}  // namespace
}  // namespace torc::proc
