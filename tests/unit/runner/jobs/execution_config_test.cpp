#include "runner/jobs/execution_config.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "torc/base/error.hpp"

namespace torc::runner {
namespace {

using std::chrono::seconds;

ExecutionConfig read(const std::string& text) {
  model::Workflow workflow;
  workflow.execution_config = text;
  return execution_config_of(workflow);
}

std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "taken";
}

TEST(ExecutionConfigTest, HasDefaults) {
  for (const auto& config : {execution_config_of({}), read(""), read("{}"), read(R"({"mode": "auto", "later": 1})")}) {
    EXPECT_TRUE(config.limit_resources);
    EXPECT_EQ(config.termination_signal, SIGTERM);
    EXPECT_EQ(config.sigterm_lead, seconds(30));
    EXPECT_EQ(config.sigkill_headroom, seconds(60));
    EXPECT_EQ(config.timeout_exit_code, 152);
    EXPECT_EQ(config.oom_exit_code, 137);
    EXPECT_TRUE(config.staggered_start);
    EXPECT_FALSE(config.pass_credentials);
    EXPECT_EQ(config.stdio.of("any"), Stdio{});
  }
}

TEST(ExecutionConfigTest, IsParsedFromTheWorkflow) {
  const auto config = read(
      R"({"mode":"direct","limit_resources":false,"termination_signal":"SIGINT","sigterm_lead_seconds":5,
          "sigkill_headroom_seconds":6,"timeout_exit_code":99,"oom_exit_code":98,"staggered_start":false,"pass_credentials":true,
          "stdio":{"mode":"combined","delete_on_success":true},"job_stdio_overrides":{"a":{"mode":"none"}}})");
  EXPECT_FALSE(config.limit_resources);
  EXPECT_EQ(config.termination_signal, SIGINT);
  EXPECT_EQ(config.sigterm_lead, seconds(5));
  EXPECT_EQ(config.sigkill_headroom, seconds(6));
  EXPECT_EQ(config.timeout_exit_code, 99);
  EXPECT_EQ(config.oom_exit_code, 98);
  EXPECT_FALSE(config.staggered_start);
  EXPECT_TRUE(config.pass_credentials);
  EXPECT_EQ(config.stdio.of("b"), (Stdio{.mode = StdioMode::combined, .delete_on_success = true}));
  EXPECT_EQ(config.stdio.of("a"), (Stdio{.mode = StdioMode::none, .delete_on_success = false}));
}

TEST(LastMomentsTest, LeaveTheLongerOfHeadroomAndBuffer) {
  using std::chrono::hours;
  model::Workflow workflow;
  const auto config = read(R"({"sigterm_lead_seconds": 5, "sigkill_headroom_seconds": 60})");
  for (const auto& [buffer, stop_after] : {std::pair{0, 3600 - 60 - 5}, {59, 3600 - 60 - 5}, {90, 3600 - 90 - 5}}) {
    workflow.compute_node_expiration_buffer_seconds = buffer;
    const auto moments = last_moments(config, workflow, hours(1));
    EXPECT_EQ(moments.stop_after, seconds(stop_after)) << buffer;
    EXPECT_EQ(moments.lead, seconds(5));
  }
}

TEST(LastMomentsTest, AreEachAtMostATenthOfTheTimeLimit) {
  model::Workflow workflow;
  workflow.compute_node_expiration_buffer_seconds = 100'000;
  const auto moments = last_moments(read("{}"), workflow, seconds(100));
  EXPECT_EQ(moments.stop_after, seconds(80));
  EXPECT_EQ(moments.lead, seconds(10));
}

TEST(ExecutionConfigTest, ErrorsNameTheField) {
  EXPECT_NE(refusal("nonsense").find("is not a JSON object"), std::string::npos);
  EXPECT_NE(refusal("[]").find("is not a JSON object"), std::string::npos);
  EXPECT_NE(refusal(R"({"termination_signal":"SIGNAL"})").find("'SIGNAL' is not a signal"), std::string::npos);
  EXPECT_NE(refusal(R"({"sigterm_lead_seconds":-1})").find("sigterm_lead_seconds"), std::string::npos);
  EXPECT_NE(refusal(R"({"oom_exit_code":"x"})").find("oom_exit_code"), std::string::npos);
  EXPECT_NE(refusal(R"({"stdio":{"mode":"loud"}})").find("'loud'"), std::string::npos);
  EXPECT_NE(refusal(R"({"stdio":3})").find("stdio is not an object"), std::string::npos);
}

}  // namespace
}  // namespace torc::runner
