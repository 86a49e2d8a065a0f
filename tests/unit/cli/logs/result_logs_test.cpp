#include "cli/logs/result_logs.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/canned_server.hpp"
#include "torc/client/rest_api.hpp"

namespace torc::cli {
namespace {

using Json = nlohmann::json;

/// The report's entry for job 5, "j", of workflow 1.
Json entry_with(const std::string& execution_config, model::JobStatus status = model::JobStatus::completed) {
  const support::CannedServer server(
      {{"GET /workflows/1/remote_workers", "[]"},
       {"GET /compute_nodes", R"({"items": [], "offset": 0, "max_limit": 9, "total_count": 0, "has_more": false})"},
       {"GET /jobs", R"({"items": [{"id": 5, "workflow_id": 1, "name": "j", "command": "true"}], "offset": 0,
                         "max_limit": 9, "count": 1, "total_count": 1, "has_more": false})"}});
  const auto api = client::make_rest_api({.url = server.url(), .user = "tester"});
  model::Workflow workflow;
  workflow.id = 1;
  workflow.execution_config = execution_config;
  model::Result result;
  result.job_id = 5;
  result.workflow_id = 1;
  result.run_id = 2;
  result.attempt_id = 3;
  result.status = status;
  return results_with_logs(*api, workflow, {result}, false, "out")["results"][0];
}

TEST(ResultLogs, NameTheFilesThatTheJobWrote) {
  const std::string stem = "out/job_stdio/job_wf1_j5_r2_a3";
  const auto separate = entry_with("");
  EXPECT_EQ(separate["job_stdout"], stem + ".o");
  EXPECT_EQ(separate["job_stderr"], stem + ".e");
  const auto combined = entry_with(R"({"stdio": {"mode": "combined"}})");
  EXPECT_EQ(combined["job_stdout"], stem + ".log");
  EXPECT_EQ(combined["job_stderr"], stem + ".log");
  const auto overridden =
      entry_with(R"({"stdio": {"mode": "none"}, "job_stdio_overrides": {"j": {"mode": "no_stderr"}}})");
  EXPECT_EQ(overridden["job_stdout"], stem + ".o");
  EXPECT_EQ(overridden["job_stderr"], nullptr);
}

TEST(ResultLogs, NameNoFilesThatWereDeletedAfterSuccess) {
  const std::string config = R"({"stdio": {"delete_on_success": true}})";
  EXPECT_EQ(entry_with(config)["job_stdout"], nullptr);
  EXPECT_EQ(entry_with(config, model::JobStatus::failed)["job_stdout"], "out/job_stdio/job_wf1_j5_r2_a3.o");
}

TEST(ResultLogs, AConfigThatNoRunnerAcceptsIsNotAnError) {
  EXPECT_EQ(entry_with(R"({"stdio": 3})")["job_stdout"], "out/job_stdio/job_wf1_j5_r2_a3.o");
  EXPECT_EQ(entry_with("{")["job_stdout"], "out/job_stdio/job_wf1_j5_r2_a3.o");
}

}  // namespace
}  // namespace torc::cli
