#include "torc/app/workflows/exec_workflow.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"
#include "torc/workflow_file/workflow_description.hpp"

using torc::app::exec_workflow;
using torc::app::ExecOptions;
using torc::app::workflow_file_document;
using Json = nlohmann::json;

namespace {

ExecOptions with_command(const std::string& command) {
  ExecOptions options;
  options.commands = {command};
  return options;
}

std::string refusal(const ExecOptions& options) {
  try {
    exec_workflow(options);
  } catch (const torc::base::UsageError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST(ExecWorkflow, IsNamedAfterTheTime) {
  const auto description = exec_workflow(with_command("true"));
  EXPECT_TRUE(description.workflow.name.starts_with("exec_2")) << description.workflow.name;
  EXPECT_EQ(description.workflow.name.size(), std::string("exec_20260102_030405").size()) << description.workflow.name;
  EXPECT_EQ(description.workflow.description, std::nullopt);
  EXPECT_EQ(description.workflow.execution_config, std::nullopt);
  ASSERT_EQ(description.jobs.size(), 1U);
  EXPECT_EQ(description.jobs[0].name, "job1");
}

TEST(ExecWorkflow, RecordsJobsByDefault) {
  EXPECT_EQ(exec_workflow(with_command("true")).workflow.resource_monitor_config,
            R"({"enabled":true,"granularity":"summary","sample_interval_seconds":10,"generate_plots":false,)"
            R"("jobs":{"enabled":true,"granularity":"summary"},"compute_node":null})");
}

TEST(ExecWorkflow, RecordsWhatTheOptionsRequest) {
  auto options = with_command("true");
  options.monitor = "off";
  EXPECT_EQ(exec_workflow(options).workflow.resource_monitor_config, std::nullopt);
  options.monitor_compute_node = "time-series";
  options.generate_plots = true;
  options.sample_interval_s = 3;
  EXPECT_EQ(exec_workflow(options).workflow.resource_monitor_config,
            R"({"enabled":false,"granularity":"summary","sample_interval_seconds":3,"generate_plots":true,"jobs":null,)"
            R"("compute_node":{"enabled":true,"granularity":"time_series","cpu":true,"memory":true}})");
}

TEST(ExecWorkflow, PlotsNeedSamplesOverTime) {
  auto options = with_command("true");
  options.generate_plots = true;
  EXPECT_NE(refusal(options).find("--monitor time-series"), std::string::npos);
}

TEST(ExecWorkflow, PassesOnTheModeOfOutput) {
  auto options = with_command("true");
  options.stdio = "no-stdout";
  EXPECT_EQ(exec_workflow(options).workflow.execution_config, R"({"mode":"direct","stdio":{"mode":"no_stdout"}})");
}

TEST(ExecWorkflow, TreatsOneWordAsACommandLineAndSeveralAsWords) {
  ExecOptions options;
  options.marked = true;
  options.words = {"echo a; echo b"};
  EXPECT_EQ(exec_workflow(options).jobs[0].command, "echo a; echo b");
  options.words = {"echo", "a; echo b"};
  EXPECT_EQ(exec_workflow(options).jobs[0].command, "echo 'a; echo b'");
}

TEST(ExecWorkflow, RefusesConflictingCommands) {
  auto options = with_command("echo a");
  options.words = {"b"};
  EXPECT_EQ(refusal(options).find("unexpected argument 'b'; give commands with -c"), 0) << refusal(options);
  options.marked = true;
  EXPECT_NE(refusal(options), "") << "both -c and -- COMMAND";
  options.commands.clear();
  EXPECT_EQ(refusal(options), "");
  EXPECT_EQ(refusal(ExecOptions{}).find("nothing to run: give commands with -c"), 0);
}

TEST(ExecWorkflow, IsShownAsAWorkflowFile) {
  auto options = with_command("echo {p}");
  options.name = "n";
  options.description = "d";
  options.parameters = {"p=1:2"};
  const Json document = workflow_file_document(exec_workflow(options));
  EXPECT_EQ(document.at("description"), "d");
  EXPECT_EQ(document.at("jobs").at(1).at("command"), "echo 2");
  const auto read = torc::workflow_file::parse_workflow(document.dump(), torc::workflow_file::Format::json, "file");
  EXPECT_EQ(read.workflow.name, "n");
  EXPECT_EQ(read.jobs.size(), 2U);
  EXPECT_EQ(read.workflow.resource_monitor_config, exec_workflow(options).workflow.resource_monitor_config);
}
