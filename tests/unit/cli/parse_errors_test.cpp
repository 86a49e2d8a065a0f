#include <gtest/gtest.h>

#include "support/cli_run.hpp"

using torc::support::run_cli;

namespace {

/// What a wrong command line says; checks that it prints nothing else and exits 2.
std::string usage_error(std::vector<std::string> words) {
  const auto result = run_cli(std::move(words));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  return result.err;
}

}  // namespace

TEST(CommandLine, VersionIsTheInterfaces) {
  for (const char* option : {"--version", "-V"}) {
    const auto result = run_cli({option});
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, "torc 0.23.0\n");
    EXPECT_EQ(result.err, "");
  }
}

TEST(CommandLine, UnknownCommandsAreNamedWithTheNearest) {
  EXPECT_EQ(usage_error({"stat"}), "Error: unknown command 'stat'; did you mean 'status'? See 'torc --help'.\n");
  EXPECT_EQ(usage_error({"jobs", "lst", "42", "--failed"}),
            "Error: unknown command 'lst'; did you mean 'list'? See 'torc jobs --help'.\n");
  EXPECT_EQ(usage_error({"-f", "table", "qwertyuiop"}), "Error: unknown command 'qwertyuiop'. See 'torc --help'.\n");
}

TEST(CommandLine, UnknownOptionsAreNamedWithTheNearest) {
  EXPECT_EQ(usage_error({"jobs", "list", "1", "--limt", "5"}),
            "Error: unknown option '--limt'; did you mean '--limit'? See 'torc jobs list --help'.\n");
  EXPECT_EQ(usage_error({"status", "--frmat=json", "1"}),
            "Error: unknown option '--frmat'; did you mean '--format'? See 'torc status --help'.\n");
}

TEST(CommandLine, ArgumentsAreChecked) {
  EXPECT_EQ(usage_error({"delete"}), "Error: missing argument <WORKFLOW_IDS>. See 'torc delete --help'.\n");
  EXPECT_EQ(usage_error({"jobs", "get"}), "Error: missing argument <ID>. See 'torc jobs get --help'.\n");
  EXPECT_EQ(usage_error({"status", "abc"}),
            "Error: <WORKFLOW_ID>: 'abc' is no id (a number from 1 up). See 'torc status --help'.\n");
  EXPECT_EQ(usage_error({"status", "1", "2"}), "Error: unexpected argument '2'. See 'torc status --help'.\n");
  EXPECT_EQ(usage_error({"status", "--", "-5"}),
            "Error: <WORKFLOW_ID>: '-5' is no id (a number from 1 up). See 'torc status --help'.\n");
  EXPECT_EQ(usage_error({"ping", "--url"}), "Error: --url needs a value. See 'torc ping --help'.\n");
}

TEST(CommandLine, UsageErrorsAreJsonWhereJsonIsAsked) {
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

TEST(CommandLine, EveryCommandHasHelpWithExamples) {
  const std::vector<std::vector<std::string>> commands{{},
                                                       {"status"},
                                                       {"cancel"},
                                                       {"delete"},
                                                       {"ping"},
                                                       {"workflows", "list"},
                                                       {"workflows", "get"},
                                                       {"workflows", "reset-status"},
                                                       {"jobs", "list"},
                                                       {"jobs", "get"},
                                                       {"results", "list"},
                                                       {"compute-nodes", "list"}};
  for (auto words : commands) {
    words.emplace_back("--help");
    const auto result = run_cli(words);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_NE(result.out.find("Examples:\n"), std::string::npos) << words.front();
    EXPECT_EQ(result.err, "");
  }
}

TEST(CommandLine, CommandsToComeSaySo) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"slurm", "generate", "--account", "a", "wf.yaml"}, {"submit", "wf.yaml"}, {"slurm"}}) {
    EXPECT_NE(usage_error(words).find("is not there yet"), std::string::npos);
  }
}

TEST(CommandLine, AnIdLeftOutNeedsATerminal) {
  EXPECT_EQ(usage_error({"--url", "http://127.0.0.1:1", "status"}),
            "Error: give a workflow id: standard input is not a terminal, so there is nobody to ask\n");
}

TEST(CommandLine, TheUrlIsCheckedBeforeAnythingIsDone) {
  EXPECT_EQ(usage_error({"--url", "login1:8080", "ping"}),
            "Error: 'login1:8080' is no URL of a server; expected is http://HOST:PORT/torc-service/v1\n");
}
