#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/print/start_report.hpp"
#include "support/cli_run.hpp"
#include "support/temp_dir.hpp"

namespace torc::cli {
namespace {

namespace fs = std::filesystem;
using support::run_cli;

/// The commands of `torc remote` with an embedded server and a local shell instead of ssh. "down" is unreachable.
class RemoteCommands : public testing::Test {
 protected:
  RemoteCommands() {
    write_program(
        "ssh",
        "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\n"
        "if [ \"$2\" = down ]; then echo 'ssh: connect to host down port 22: No route to host' >&2; exit 255; fi\n"
        "HOME=" +
            (m_dir / "home").string() + " exec sh -s\n");
    fs::create_directories(m_dir / "home");
    ::setenv("TORC_SSH", (m_dir / "ssh").c_str(), 1);
    std::ofstream(m_dir / "w.json") << R"({"name": "w", "jobs": [{"name": "j", "command": "true"}]})";
    EXPECT_EQ(torc({"create", (m_dir / "w.json").string()}).exit_code, 0);
  }
  ~RemoteCommands() override { ::unsetenv("TORC_SSH"); }

  void write_program(const std::string& name, const std::string& text) {
    std::ofstream(m_dir / name) << text;
    fs::permissions(m_dir / name, fs::perms::owner_all);
  }

  support::CliResult torc(std::vector<std::string> words) {
    words.insert(words.begin(), {"-s", "--db", (m_dir / "torc.db").string()});
    return run_cli(std::move(words));
  }

  support::TempDir m_dir;
};

TEST_F(RemoteCommands, AddReachableWorkersAndNameTheRest) {
  const auto result = torc({"remote", "add-workers", "1", "up", "down"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(
      result.out,
      "Checking SSH connectivity for 2 worker(s)...\n1/2 workers passed SSH check\nAdded 1 worker(s) to workflow 1\n"
      "  up\n");
  EXPECT_EQ(result.err,
            "Error: SSH connectivity check failed for 1 worker(s):\n"
            "  down: SSH connection failed to down: ssh: connect to host down port 22: No route to host\n"
            "Check that the host is up and that 'ssh HOST true' works without asking for a password.\n");
}

TEST_F(RemoteCommands, PrintOneDocumentForAPartialFailure) {
  const auto result = torc({"-f", "json", "remote", "add-workers", "1", "up", "down"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, "");
  const auto document = nlohmann::json::parse(result.out);
  EXPECT_EQ(document["ok"], 1);
  EXPECT_EQ(document["total"], 2);
  EXPECT_EQ(document["workers"][1]["worker"], "down");
  EXPECT_EQ(document["workers"][1]["ok"], false);
}

TEST_F(RemoteCommands, SkipTheCheckOnRequest) {
  const auto result = torc({"remote", "add-workers", "1", "--skip-ssh-check", "alice@down:2222"});
  EXPECT_EQ(result.out, "Added 1 worker(s) to workflow 1\n  alice@down:2222\n");
  const auto list = nlohmann::json::parse(torc({"-f", "json", "remote", "list-workers", "1"}).out);
  EXPECT_EQ(list["workers"][0],
            (nlohmann::json{{"worker", "alice@down:2222"}, {"user", "alice"}, {"host", "down"}, {"port", 2222}}));
}

TEST_F(RemoteCommands, ListAndRemove) {
  EXPECT_EQ(torc({"remote", "list-workers", "1"}).out, "No remote workers stored for workflow 1\n");
  torc({"remote", "add-workers", "1", "--skip-ssh-check", "a@h1", "h2"});
  EXPECT_EQ(torc({"remote", "list-workers", "1"}).out, "Remote workers for workflow 1 (2 total):\n  a@h1\n  h2\n");
  const auto wrong = torc({"remote", "remove-worker", "h1", "1"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_EQ(wrong.err, "Error: Worker 'h1' not found for workflow 1; did you mean 'a@h1'?\n");
  EXPECT_EQ(torc({"remote", "remove-worker", "a@h1", "1"}).out, "Removed worker a@h1 from workflow 1\n");
}

TEST_F(RemoteCommands, DistinguishUnreachableFromNotRunning) {
  torc({"remote", "add-workers", "1", "--skip-ssh-check", "up", "down"});
  const auto result = torc({"remote", "status", "1"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out,
            "Host                           Status\n--------------------------------------------------\n"
            "down                           Unreachable: ssh: connect to host down port 22: No route to host\n"
            "up                             Not Running (never started)\n\n0/2 workers running\n");
  const auto document = nlohmann::json::parse(torc({"-f", "json", "remote", "status", "1"}).out);
  EXPECT_EQ(document["workers"][0]["state"], "unreachable");
  EXPECT_EQ(document["workers"][1]["state"], "never_started");
  const auto stop = torc({"remote", "stop", "1"});
  EXPECT_EQ(stop.exit_code, 1);
  EXPECT_EQ(stop.out,
            "Stopping workers (signal: SIGTERM)...\n"
            "  [FAILED] down: ssh: connect to host down port 22: No route to host\n  [OK] up: No worker found\n");
}

TEST_F(RemoteCommands, ActOnTheSelectedHosts) {
  torc({"remote", "add-workers", "1", "--skip-ssh-check", "up", "down", "alice@other:2222"});
  EXPECT_EQ(torc({"remote", "stop", "1", "--host", "u*"}).out,
            "Stopping workers (signal: SIGTERM)...\n  [OK] up: No worker found\n");
  const auto document = nlohmann::json::parse(torc({"-f", "json", "remote", "status", "1", "--host", "alice@*"}).out);
  EXPECT_EQ(document["total"], 1);
  EXPECT_EQ(document["workers"][0]["worker"], "alice@other:2222");
  EXPECT_EQ(torc({"remote", "collect-logs", "1", "--host", "up", "--host", "x?"}).err,
            "Error: --host x?: none of the 3 workers matches; 'torc remote list-workers' shows them\n");
}

TEST_F(RemoteCommands, SayWhatToDoWithoutWorkers) {
  const auto run = torc({"remote", "run", "1", "--wait"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.err, "No workers configured for workflow 1. Use 'torc remote add-workers' or '--workers' flag.\n");
  const auto status = torc({"-f", "json", "remote", "status", "1"});
  EXPECT_EQ(status.exit_code, 1);
  EXPECT_EQ(status.out, "");
  EXPECT_EQ(nlohmann::json::parse(status.err)["error"]["message"],
            "No workers configured for workflow 1. Use 'torc remote add-workers' first.");
}

TEST_F(RemoteCommands, RefuseBadUsage) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"remote", "run", "1"},  // the server would end with the command
        {"remote", "run", "1", "--wait", "-o", ""},
        {"remote", "run", "1", "--wait", "-o", "a\nb"},
        {"remote", "run", "1", "--wait", "--max-parallel-ssh", "0"},
        {"remote", "run", "1", "--wait", "--ssh-option", "NoValue"},
        {"remote", "run", "1", "--wait", "--max-parallel-jobs", "0"},
        {"remote", "run", "1", "--restart"},
        {"remote", "run", "1", "--wait", "--max-restarts", "3"},
        {"remote", "watch", "1", "--restart", "--max-restarts", "0"},
        {"remote", "watch", "1", "--restart-pause", "3"},
        {"remote", "watch", "1", "--connect-delay", "-1"},
        {"remote", "status", "0"},
        {"remote", "status"},
        {"remote", "add-workers", "1"},
        {"remote", "stop", "1", "--output-dir", ""}}) {
    EXPECT_EQ(torc(words).exit_code, 2) << words[1] << " " << words.back();
  }
}

// 'remote run' must accept only options that the 'run' on each worker accepts as well.
TEST_F(RemoteCommands, RunRefusesTheSameNumbersAsRunOnThisMachine) {
  for (const std::vector<std::string>& option : {std::vector<std::string>{"--max-parallel-jobs", "100001"},
                                                 {"--num-cpus", "1000001"},
                                                 {"--num-gpus", "10001"},
                                                 {"--memory-gb", "0"},
                                                 {"--poll-interval", "0.005"}}) {
    std::vector<std::string> remote{"remote", "run", "1", "--wait"};
    std::vector<std::string> local{"run", "1"};
    for (auto* words : {&remote, &local}) {
      words->insert(words->end(), option.begin(), option.end());
      EXPECT_EQ(torc(*words).exit_code, 2) << words->front() << " " << option[0] << " " << option[1];
    }
  }
}

TEST_F(RemoteCommands, RefuseNamesThatSshWouldTakeForOptions) {
  const auto result = torc({"remote", "add-workers", "1", "--", "-oProxyCommand=x"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_TRUE(result.err.starts_with("Error parsing worker addresses: command line:1: Invalid host name"))
      << result.err;
}

TEST_F(RemoteCommands, ProbeReportsVersionAndServer) {
  const auto result = torc({"worker-probe", "1"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 1);
  const auto answer = nlohmann::json::parse(result.out);
  EXPECT_EQ(answer["version"], "0.23.0");
  EXPECT_EQ(answer["server"]["reached"], true);
  EXPECT_EQ(answer["worker"]["alive"], false);
  const auto alone = nlohmann::json::parse(run_cli({"--url", "http://127.0.0.1:1", "worker-probe"}).out);
  EXPECT_EQ(alone["server"], (nlohmann::json{{"reached", false}, {"error", "connection refused"}}));
}

TEST(ServerAddress, HidesCredentialsAndPath) {
  EXPECT_EQ(server_address("http://h:8080/torc-service/v1"), "http://h:8080");
  EXPECT_EQ(server_address("https://user:word@h/x"), "https://h");
  EXPECT_EQ(server_address("http://[::1]:8080"), "http://[::1]:8080");
}

}  // namespace
}  // namespace torc::cli
