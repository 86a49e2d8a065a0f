#include "torc/model/worker_file.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"

namespace torc::model {
namespace {

std::string file_error_of(const std::string& text) {
  try {
    parse_worker_file(text, "workers.txt");
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<std::string> addresses_of(const std::string& text) {
  std::vector<std::string> addresses;
  for (const auto& entry : parse_worker_file(text, "workers.txt")) {
    addresses.push_back(to_string(entry.address));
  }
  return addresses;
}

WorkerSettings settings_of(const std::string& text) {
  return parse_worker_file(text, "workers.txt").back().settings;
}

using Texts = std::vector<std::string>;

TEST(WorkerFile, IgnoresCommentsAndBlankLines) {
  EXPECT_EQ(addresses_of("\xEF\xBB\xBFws1\n"), Texts{"ws1"});
  EXPECT_EQ(addresses_of("# a comment\n\n  ws1  \r\n\t# indented\nalice@ws2:2222 # behind"),
            (Texts{"ws1", "alice@ws2:2222"}));
}

TEST(WorkerFile, NamesFileAndLineOfAnError) {
  EXPECT_EQ(file_error_of("# two\nws1\n\nalice@ws1:22\n"),
            "workers.txt:4: Duplicate host 'ws1' (each host should only appear once)");
  EXPECT_EQ(file_error_of("[::1]\nu@[::1]:5\n"),
            "workers.txt:2: Duplicate host '::1' (each host should only appear once)");
  EXPECT_EQ(file_error_of("ws1\nws2:99999\n"), "workers.txt:2: Invalid port '99999' in 'ws2:99999'");
  EXPECT_EQ(file_error_of("alice@\n"), "workers.txt:1: Empty hostname");
  EXPECT_EQ(file_error_of("[::1\n"), "workers.txt:1: Unclosed bracket in IPv6 address");
}

TEST(WorkerFile, NeedsAtLeastOneWorker) {
  EXPECT_EQ(file_error_of(""), "Worker file 'workers.txt' contains no valid entries");
  EXPECT_EQ(file_error_of("# nobody\n\n"), "Worker file 'workers.txt' contains no valid entries");
  EXPECT_EQ(file_error_of("@gpu\n"), "Worker file 'workers.txt' contains no valid entries");
}

TEST(WorkerFile, ExpandsRanges) {
  EXPECT_EQ(addresses_of("node[08-11,20]"), (Texts{"node08", "node09", "node10", "node11", "node20"}));
  EXPECT_EQ(addresses_of("node[8-10]"), (Texts{"node8", "node9", "node10"}));
  EXPECT_EQ(addresses_of("al@r[1-2]n[01-02].x:22"),
            (Texts{"al@r1n01.x:22", "al@r1n02.x:22", "al@r2n01.x:22", "al@r2n02.x:22"}));
  EXPECT_EQ(addresses_of("[1-2].example.com"), (Texts{"1.example.com", "2.example.com"}));
}

TEST(WorkerFile, DoesNotTakeAnIpv6AddressForARange) {
  EXPECT_EQ(addresses_of("[::1]\nuser@[fe80::1]:22\n[2001:db8::1]"),
            (Texts{"[::1]", "user@[fe80::1]:22", "[2001:db8::1]"}));
}

TEST(WorkerFile, ReportsErrorsOfRanges) {
  EXPECT_EQ(file_error_of("\nnode[16-01]"), "workers.txt:2: The range '16-01' ends before it starts");
  EXPECT_EQ(file_error_of("node[a-b]"), "workers.txt:1: '[a-b]' is not a range of numbers such as [01-16,20]");
  for (const char* text : {"node[]", "node[1,]", "node[-3]", "node[1-]", "node[1-2-3]", "node[1 -2]"}) {
    EXPECT_NE(file_error_of(text), "no error") << text;
  }
  EXPECT_EQ(file_error_of("node[01-16"), "workers.txt:1: Unclosed bracket in 'node[01-16'");
  EXPECT_EQ(file_error_of("node[1-3,2]"), "workers.txt:1: Duplicate host 'node2' (each host should only appear once)");
}

TEST(WorkerFile, BoundsTheExpansion) {
  EXPECT_EQ(addresses_of("node[1-10000]").size(), k_max_workers);
  EXPECT_EQ(file_error_of("a\nnode[1-999999999999999999]"), "workers.txt:2: More than 10000 workers");
  EXPECT_EQ(file_error_of("a\nnode[1-100]x[1-100]"), "workers.txt:2: More than 10000 workers");
  std::string deep = "a";
  for (int i = 0; i < 100'000; ++i) {
    deep += "[1]";
  }
  EXPECT_EQ(file_error_of(deep), "workers.txt:1: More than 16 brackets in a name");
}

TEST(WorkerFile, ReadsSettings) {
  const auto settings = settings_of(
      "ws1 cpus=8\tmemory=32g gpus=0 max-jobs=4 dir=/scratch/me shell=/bin/zsh env:LD_PATH=/a:/b env:TEXT='two words' "
      "env:E= # x");
  EXPECT_EQ(settings.cpus, 8);
  EXPECT_EQ(settings.memory_gb, 32.0);
  EXPECT_EQ(settings.gpus, 0);
  EXPECT_EQ(settings.max_jobs, 4);
  EXPECT_EQ(settings.dir, "/scratch/me");
  EXPECT_EQ(settings.shell, "/bin/zsh");
  EXPECT_EQ(settings.environment,
            (std::map<std::string, std::string>{{"LD_PATH", "/a:/b"}, {"TEXT", "two words"}, {"E", ""}}));
  EXPECT_EQ(describe(settings),
            "cpus=8 memory=32g gpus=0 max-jobs=4 dir=/scratch/me shell=/bin/zsh env:E env:LD_PATH env:TEXT");
  EXPECT_EQ(worker_settings_from_json(to_json(settings)), settings);
  EXPECT_EQ(settings_of("ws1"), WorkerSettings{});
}

TEST(WorkerFile, RejectsInvalidSettings) {
  EXPECT_EQ(file_error_of("ws1 fast"),
            "workers.txt:1: 'fast' is not a setting; settings are cpus=N, memory=SIZE, gpus=N, max-jobs=N, dir=DIR, "
            "shell=SHELL, env:NAME=VALUE");
  EXPECT_EQ(file_error_of("ws1 cpus=0"), "workers.txt:1: 'cpus=0': expected an integer from 1 to 1000000");
  EXPECT_EQ(file_error_of("ws1 gpus=10001"), "workers.txt:1: 'gpus=10001': expected an integer from 0 to 10000");
  EXPECT_EQ(file_error_of("ws1 env:TORC_URL=x"),
            "workers.txt:1: 'env:TORC_URL': names that start with TORC_ are reserved for torc");
  EXPECT_EQ(file_error_of("ws1 env:a-b=x"), "workers.txt:1: 'a-b' is not a valid name of an environment variable");
  EXPECT_EQ(file_error_of("ws1 env:A='x"), "workers.txt:1: Unclosed quote in 'env:A='x'");
  for (const char* word : {"cpus", "cpus=", "cpus=1.5", "cpus=-1", "cpus=99999999", "gpus=x", "max-jobs=0", "memory=x",
                           "memory=1k", "dir=", "dir=a\x1b", "shell=", "shell=a\x1b", "env:=x", "=", "env:A"}) {
    EXPECT_NE(file_error_of(std::string("ws1 ") + word), "no error") << word;
  }
}

TEST(WorkerFile, ReadsGroups) {
  const auto entries = parse_worker_file("a\n@gpu gpus=2 cpus=8\nb\nc cpus=4\n@big\nd\n@\ne\n", "workers.txt");
  const auto groups = [&](std::size_t i) { return entries.at(i).settings.groups; };
  EXPECT_EQ(groups(0), Texts{});
  EXPECT_EQ(groups(1), Texts{"gpu"});
  EXPECT_EQ(groups(2), Texts{"gpu"});
  EXPECT_EQ(entries[1].settings.cpus, 8);
  EXPECT_EQ(entries[2].settings.cpus, 4);
  EXPECT_EQ(entries[2].settings.gpus, 2);
  EXPECT_EQ(groups(3), Texts{"big"});
  EXPECT_EQ(entries[3].settings.gpus, std::nullopt);
  EXPECT_EQ(groups(4), Texts{});
  EXPECT_EQ(file_error_of("@a/b\nx"),
            "workers.txt:1: '@a/b' is not a valid group name; use letters, digits, '_', '-' and '.'");
}

TEST(WorkerSettings, IgnoreFieldsOfANewerProgram) {
  const auto json =
      nlohmann::json::parse(R"({"cpus": "many", "disk": 5, "groups": ["g", 1], "env": {"A": 1, "B": "b"}})");
  const auto settings = worker_settings_from_json(json);
  EXPECT_EQ(settings, (WorkerSettings{.environment = {{"B", "b"}}, .groups = {"g"}}));
  EXPECT_EQ(worker_settings_from_json(nlohmann::json("text")), WorkerSettings{});
  const nlohmann::json bad{{"env", {{"TORC_API_URL", "http://evil"}, {"a b", "x"}, {"C", std::string(1, '\0')}}}};
  EXPECT_EQ(worker_settings_from_json(bad), WorkerSettings{});
}

}  // namespace
}  // namespace torc::model
