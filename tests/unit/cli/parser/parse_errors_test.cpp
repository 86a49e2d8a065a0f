#include <gtest/gtest.h>

#include "support/cli_run.hpp"

using torc::support::run_cli;

namespace {

/// The error for an invalid command line; checks that it prints nothing else and exits with 2.
std::string usage_error(std::vector<std::string> words) {
  const auto result = run_cli(std::move(words));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  return result.err;
}

}  // namespace

TEST(CommandLine, VersionIsThatOfTheInterface) {
  for (const char* option : {"--version", "-V"}) {
    const auto result = run_cli({option});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, "torc 0.23.0\n");
    EXPECT_EQ(result.err, "");
  }
}

TEST(CommandLine, UnknownCommandsAreNamedWithASuggestion) {
  EXPECT_EQ(usage_error({"stat"}), "Error: unknown command 'stat'; did you mean 'status'? See 'torc --help'.\n");
  EXPECT_EQ(usage_error({"jobs", "lst", "42", "--failed"}),
            "Error: unknown command 'lst'; did you mean 'list'? See 'torc jobs --help'.\n");
  EXPECT_EQ(usage_error({"-f", "table", "qwertyuiop"}), "Error: unknown command 'qwertyuiop'. See 'torc --help'.\n");
}

TEST(CommandLine, UnknownOptionsAreNamedWithASuggestion) {
  EXPECT_EQ(usage_error({"jobs", "list", "1", "--limt", "5"}),
            "Error: unknown option '--limt'; did you mean '--limit'? See 'torc jobs list --help'.\n");
  EXPECT_EQ(usage_error({"status", "--frmat=json", "1"}),
            "Error: unknown option '--frmat'; did you mean '--format'? See 'torc status --help'.\n");
}

TEST(CommandLine, ArgumentsAreChecked) {
  EXPECT_EQ(usage_error({"delete"}), "Error: missing argument <WORKFLOW_IDS>. See 'torc delete --help'.\n");
  EXPECT_EQ(usage_error({"jobs", "get"}), "Error: missing argument <ID>. See 'torc jobs get --help'.\n");
  EXPECT_EQ(usage_error({"status", "abc"}),
            "Error: <WORKFLOW_ID>: 'abc' is not a valid ID (expected a positive integer). See 'torc status --help'.\n");
  EXPECT_EQ(usage_error({"status", "1", "2"}), "Error: unexpected argument '2'. See 'torc status --help'.\n");
  EXPECT_EQ(usage_error({"status", "--", "-5"}),
            "Error: <WORKFLOW_ID>: '-5' is not a valid ID (expected a positive integer). See 'torc status --help'.\n");
  EXPECT_EQ(usage_error({"ping", "--url"}), "Error: --url requires a value. See 'torc ping --help'.\n");
}

TEST(CommandLine, UsageErrorsAreJsonOnRequest) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"-f", "json", "stat"}, {"--format=json", "stat"}, {"--format", "json", "stat"}, {"stat", "-fjson"}}) {
    EXPECT_EQ(usage_error(words),
              "{\"error\":{\"message\":\"unknown command 'stat'; did you mean 'status'? See 'torc --help'.\"}}\n");
  }
}

TEST(CommandLine, WithoutACommandHelpIsShown) {
  EXPECT_NE(usage_error({}).find("Usage: torc"), std::string::npos);
  EXPECT_NE(usage_error({"jobs"}).find("list"), std::string::npos);
}

TEST(CommandLine, OtherWordsForCommandsAreExplained) {
  EXPECT_EQ(usage_error({"stop", "42"}),
            "Error: unknown command 'stop'; did you mean 'torc remote stop' or 'torc cancel'? See 'torc --help'.\n");
  EXPECT_EQ(usage_error({"remote", "start", "42", "--wait"}),
            "Error: unknown command 'start'; did you mean 'torc remote run'? See 'torc remote --help'.\n");
  EXPECT_EQ(usage_error({"add-workers", "42", "ws1"}),
            "Error: unknown command 'add-workers'; did you mean 'torc remote add-workers'? See 'torc --help'.\n");
}

TEST(CommandLine, ConflictsOfOptionsAreExplained) {
  EXPECT_EQ(usage_error({"remote", "stop", "42", "--drain", "--force"}),
            "Error: --force cannot be used with --drain. See 'torc remote stop --help'.\n");
  EXPECT_EQ(usage_error({"remote", "watch", "42", "--max-restarts", "3"}),
            "Error: --max-restarts requires --restart. See 'torc remote watch --help'.\n");
  EXPECT_EQ(usage_error({"remote", "watch", "42", "--interval", "0"}),
            "Error: --interval: '0' is not valid (expected a number from 1 to 86400). See 'torc remote watch "
            "--help'.\n");
}

TEST(CommandLine, PlannedCommandsReportThatTheyAreNotAvailable) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"slurm", "generate", "--account", "a", "wf.yaml"}, {"submit", "wf.yaml"}, {"slurm"}}) {
    EXPECT_NE(usage_error(words).find("is not available yet"), std::string::npos);
  }
}

TEST(CommandLine, AnOmittedIdNeedsATerminal) {
  EXPECT_EQ(usage_error({"--url", "http://127.0.0.1:1", "status"}),
            "Error: no workflow ID given, and standard input is not a terminal to ask for one\n");
}

TEST(CommandLine, TheUrlIsCheckedBeforeAnythingIsDone) {
  EXPECT_EQ(usage_error({"--url", "login1:8080", "ping"}),
            "Error: 'login1:8080' is not the URL of a server; expected http://HOST:PORT/torc-service/v1\n");
}
