#include "remote/scripts/script.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

#include "remote/logs/checksum.hpp"
#include "torc/base/error.hpp"
#include "torc/base/random.hpp"
#include "torc/proc/command.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {
namespace {

TEST(Script, QuotesEveryValueAndCallsMainInItsLastLine) {
  Script script;
  script.set("a", "x; rm -rf ~").set("b", "it's").set_exported("C", "plain").add("main() { :; }\n");
  EXPECT_EQ(script.text(), "a='x; rm -rf ~'\nb='it'\\''s'\nC=plain\nexport C\nmain() { :; }\nmain; exit\n");
}

TEST(Script, RefusesInvalidNames) {
  Script script;
  EXPECT_THROW(script.set("a b", "x"), base::Error);
  EXPECT_THROW(script.set("1", "x"), base::Error);
  EXPECT_THROW(script.set("", "x"), base::Error);
  EXPECT_THROW(script.set("a", std::string_view("x\0y", 3)), base::Error);
}

TEST(Report, IsFoundAmongNoise) {
  const auto report =
      Report::parse("Welcome!\npid=1\n\n#torc-report\npid=2\nnoise\nlog=a=b\nlog=\n#torc-report-end\npid=3\n");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->get("pid"), "2");
  EXPECT_EQ(report->all("log"), (std::vector<std::string>{"a=b", ""}));
  EXPECT_FALSE(report->has("noise"));
  EXPECT_EQ(report->get("absent"), "");
}

TEST(Report, IsAbsentIfIncomplete) {
  EXPECT_FALSE(Report::parse(""));
  EXPECT_FALSE(Report::parse("#torc-report\npid=2\n"));
  EXPECT_FALSE(Report::parse("pid=2\n#torc-report-end\n"));
}

Report report_of(const std::string& lines) {
  return Report::parse("#torc-report\n" + lines + "#torc-report-end\n").value();
}

std::string refusal_of(const std::function<void()>& use) {
  try {
    use();
  } catch (const BadReport& error) {
    return error.what();
  }
  return "taken";
}

TEST(Report, ChecksNumbers) {
  for (const char* value : {"0", "-1", "99999999999999999999999", "1e3", "0x10", "nan", "4194305", "7 ", "7\r\r"}) {
    const auto report = report_of("pid=" + std::string(value) + "\n");
    EXPECT_NE(refusal_of([&] { report.pid_if_any("pid"); }), "taken") << value;
  }
  EXPECT_EQ(report_of("pid=4194304\n").pid_if_any("pid"), 4'194'304);
  EXPECT_EQ(report_of("pid=\n").pid_if_any("pid"), std::nullopt);
  EXPECT_EQ(report_of("").pid_if_any("pid"), std::nullopt);
  EXPECT_EQ(refusal_of([] { report_of("").number("size", 0, 9); }), "the worker's report is not valid: size is ''");
  for (const char* value : {"nan", "inf", "1e400", "-0.5", "101", "x"}) {
    const auto report = report_of("load=" + std::string(value) + "\n");
    EXPECT_NE(refusal_of([&] { report.real_if_any("load", 100); }), "taken") << value;
  }
  EXPECT_EQ(report_of("load=0.25\n").real_if_any("load", 100), 0.25);
}

TEST(Report, ChecksPaths) {
  for (const std::string value :
       {"", "relative", "-oProxyCommand=x", "~/x", "/a/../b", "/..", "/a\tb", "/a\x1b[2J", "/a\x7f"}) {
    const auto report = report_of("path=" + value + "\n");
    EXPECT_NE(refusal_of([&] { report.path("path"); }), "taken") << value;
  }
  EXPECT_NE(refusal_of([&] { report_of("path=/" + std::string(4'095, 'x') + "\n").path("path"); }), "taken");
  EXPECT_EQ(report_of("path=/a b/..c/*\n").path("path"), "/a b/..c/*");
  EXPECT_EQ(report_of("path=\n").path_if_any("path"), "");
}

TEST(Report, ShowsOnePrintableLine) {
  EXPECT_EQ(report_of("failed=\x1b]0;PWN\x07 \u202e \x9b\tx\n").text("failed"), "\\x1b]0;PWN\\x07 \\u202e \\x9b\\tx");
  const auto long_text = report_of("failed=" + std::string(1'000'000, 'x') + "\n").text("failed");
  EXPECT_EQ(long_text, std::string(300, 'x') + "...");
  EXPECT_EQ(refusal_of([] { report_of("size=\x1b[2J\n").number("size", 0, 9); }),
            "the worker's report is not valid: size is '\\x1b[2J'");
}

TEST(Checksum, IsThatOfCksum) {
  const auto path = std::filesystem::temp_directory_path() / ("torc-unit-" + base::random_uuid());
  for (const std::string& content : {std::string(), std::string("123456789"), std::string(700'000, 'x')}) {
    std::ofstream(path, std::ios::binary) << content;
    proc::Command command;
    command.argv = {"cksum", path.string()};
    const auto ours = checksum_of_file(path.string());
    EXPECT_EQ(std::to_string(ours.crc) + " " + std::to_string(ours.size) + " " + path.string() + "\n",
              proc::run_command(command).out);
  }
  std::filesystem::remove(path);
}

TEST(Workers, GetNamesAndKeysForTheWholeList) {
  const auto workers = make_workers({"ws1", "alice@ws3:2222", "[::1]:2222"});
  EXPECT_EQ(workers[0].name, "ws1");
  EXPECT_EQ(workers[1].name, "ws3");
  EXPECT_EQ(workers[1].key, "alice_ws3_2222");
  EXPECT_EQ(workers[1].stored, "alice@ws3:2222");
  EXPECT_EQ(make_workers({"h:1", "h:2"})[0].name, "h:1");
}

TEST(RemoteDirectory, MustBeSafeForScripts) {
  EXPECT_NO_THROW(check_remote_directory("it's a \"directory\""));
  EXPECT_THROW(check_remote_directory(""), base::UsageError);
  EXPECT_THROW(check_remote_directory("a\nb"), base::UsageError);
  for (const char* directory : {"/", "//", ".", "./", "..", "../..", "~", "~/"}) {
    EXPECT_THROW(check_remote_directory(directory), base::UsageError) << directory;
  }
  EXPECT_NO_THROW(check_remote_directory(".torc"));
}

}  // namespace
}  // namespace torc::remote
