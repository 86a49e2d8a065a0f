#include "torc/model/job_output.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"

namespace torc::model {
namespace {

using nlohmann::json;

TEST(JobOutput, NamesFilesByAttempt) {
  EXPECT_EQ(stdio_stem({.workflow_id = 1, .job_id = 2, .run_id = 3, .attempt_id = 4}), "job_wf1_j2_r3_a4");
  EXPECT_EQ(runner_log_name("ws1", 1, 3), "job_runner_ws1_wf1_r3.log");
}

TEST(JobOutput, EachModeHasItsFiles) {
  const auto suffixes = [](StdioMode mode) {
    const auto [out, err] = suffixes_of(mode);
    return std::pair(std::string(out), std::string(err));
  };
  using Pair = std::pair<std::string, std::string>;
  EXPECT_EQ(suffixes(StdioMode::separate), Pair(".o", ".e"));
  EXPECT_EQ(suffixes(StdioMode::combined), Pair(".log", ".log"));
  EXPECT_EQ(suffixes(StdioMode::no_stdout), Pair("", ".e"));
  EXPECT_EQ(suffixes(StdioMode::no_stderr), Pair(".o", ""));
  EXPECT_EQ(suffixes(StdioMode::none), Pair("", ""));
}

TEST(JobOutput, SingleJobsOverrideTheSettingsOfAll) {
  const auto settings = stdio_settings_of(json::parse(
      R"({"stdio": {"mode": "combined", "delete_on_success": true}, "job_stdio_overrides": {"a": {"mode": "none"}}})"));
  EXPECT_EQ(settings.of("a"), (Stdio{.mode = StdioMode::none, .delete_on_success = false}));
  EXPECT_EQ(settings.of("b"), (Stdio{.mode = StdioMode::combined, .delete_on_success = true}));
  EXPECT_EQ(stdio_settings_of(json::object()).of("a"), Stdio{});
  EXPECT_THROW(stdio_settings_of(json::parse(R"({"stdio": {"mode": "loud"}})")), base::Error);
}

}  // namespace
}  // namespace torc::model
