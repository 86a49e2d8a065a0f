#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/canned_server.hpp"
#include "support/cli_run.hpp"

using torc::support::Answers;
using torc::support::CannedServer;
using torc::support::CliResult;
using torc::support::run_cli;
using Json = nlohmann::json;

namespace {

constexpr const char* k_workflow = R"({"id": 1, "name": "demo", "user": "alice", "description": "two\u001b stages",
    "resource_monitor_config": "{\"enabled\":true}", "execution_config": "{\"mode\":\"direct\"}"})";

CliResult run_on(const CannedServer& server, std::vector<std::string> words) {
  words.insert(words.begin(), {"--url", server.url()});
  return run_cli(std::move(words));
}

Json json_of(const CannedServer& server, std::vector<std::string> words) {
  words.insert(words.end(), {"-f", "json"});
  const auto result = run_on(server, std::move(words));
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  return Json::parse(result.out);
}

std::string page(const std::string& items, int total) {
  return R"({"items": [)" + items + R"(], "total_count": )" + std::to_string(total) + R"(, "has_more": false})";
}

}  // namespace

TEST(Commands, PingReportsThatTheServerRuns) {
  CannedServer server(Answers{{"GET /ping", "{}"}});
  EXPECT_EQ(run_on(server, {"ping"}).out, "Server is running at " + server.url() + "\n");
  EXPECT_EQ(json_of(server, {"ping"}), Json({{"status", "Server is running"}}));
}

TEST(Commands, WorkflowsAreShownWithTheirTextsDecoded) {
  CannedServer server(Answers{{"GET /workflows/1", k_workflow}, {"GET /workflows", page(k_workflow, 1)}});

  const Json workflow = json_of(server, {"workflows", "get", "1"});
  EXPECT_EQ(workflow.at("resource_monitor_config"), Json({{"enabled", true}}));
  EXPECT_EQ(workflow.at("execution_config"), R"({"mode":"direct"})");
  EXPECT_EQ(json_of(server, {"workflows", "list"}).at("workflows"), Json::array({workflow}));
  const auto table = run_on(server, {"workflows", "list"}).out;
  EXPECT_NE(table.find("Workflows for user tester:"), std::string::npos);
  EXPECT_NE(table.find("two\\x1b stages"), std::string::npos) << "a control character reached the terminal";
}

TEST(Commands, WorkflowsListAppliesItsFilters) {
  CannedServer server(Answers{{"GET /workflows", page("", 0)}});
  for (const auto& words : std::vector<std::vector<std::string>>{
           {}, {"--all-users"}, {"--archived-only"}, {"--include-archived", "-l", "3", "--offset", "2"}}) {
    std::vector<std::string> all{"workflows", "list"};
    all.insert(all.end(), words.begin(), words.end());
    EXPECT_EQ(run_on(server, all).exit_code, 0);
  }
  EXPECT_EQ(server.log(),
            (std::vector<std::string>{"GET /workflows?user=tester&is_archived=false&offset=0&limit=100000",
                                      "GET /workflows?is_archived=false&offset=0&limit=100000",
                                      "GET /workflows?user=tester&is_archived=true&offset=0&limit=100000",
                                      "GET /workflows?user=tester&offset=2&limit=3"}));
}

TEST(Commands, CancelReportsWhatItDid) {
  CannedServer server(Answers{{"PUT /workflows/1/cancel", "{}"}});
  EXPECT_EQ(run_on(server, {"cancel", "1"}).out, "Successfully canceled workflow 1\n");
  EXPECT_EQ(json_of(server, {"cancel", "1"}),
            Json::parse(R"({"canceled_slurm_jobs": [], "errors": null, "status": "success", "workflow_id": 1})"));
}

TEST(Commands, DeleteNeedsForceIfItCannotPrompt) {
  CannedServer server(Answers{{"DELETE /workflows/1", k_workflow}});
  const auto refused = run_on(server, {"delete", "1"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("--force"), std::string::npos);
  EXPECT_TRUE(server.log().empty());
}

TEST(Commands, DeleteContinuesAfterAFailure) {
  CannedServer server(Answers{{"DELETE /workflows/1", k_workflow}});

  const auto result = run_on(server, {"-f", "json", "delete", "--force", "7", "1"});

  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(Json::parse(result.out).size(), 1U);
  EXPECT_EQ(Json::parse(result.err).at("error").at("message"), "workflow 7: nothing there (DELETE /workflows/7)");
}

TEST(Commands, ResetStatusReportsEachStep) {
  CannedServer server(Answers{{"POST /workflows/1/reset_status", "{}"},
                              {"POST /workflows/1/reset_job_status", R"({"updated_count": 2})"},
                              {"GET /workflows/1/status", R"({"id": 1, "is_canceled": true, "run_id": 4})"},
                              {"PUT /workflows/1/status", R"({"id": 1, "is_canceled": false, "run_id": 5})"},
                              {"POST /workflows/1/initialize_jobs", "null"}});

  EXPECT_EQ(run_on(server, {"workflows", "reset-status", "1"}).exit_code, 2);
  const Json report =
      json_of(server, {"workflows", "reset-status", "1", "--failed-only", "-r", "--force", "--no-prompts"});

  EXPECT_EQ(report.at("messages"),
            Json({"Successfully reset workflow status for workflow 1",
                  "Successfully reset failed job status for workflow 1", "Successfully reinitialized workflow 1"}));
  EXPECT_EQ(report.at("operations"), Json({{"job_reset", true}, {"workflow_reset", true}, {"reinitialize", true}}));
  EXPECT_EQ(server.log(),
            (std::vector<std::string>{
                "POST /workflows/1/reset_status?force=true", "POST /workflows/1/reset_job_status?failed_only=true",
                "GET /workflows/1/status", R"(PUT /workflows/1/status {"id":1,"is_canceled":false,"run_id":5})",
                "POST /workflows/1/initialize_jobs?only_uninitialized=true&clear_ephemeral_user_data=false"}));
}

TEST(Commands, JobsAreListedWithoutExcludedColumns) {
  const std::string job = R"({"id": 5, "workflow_id": 1, "name": "a", "command": "echo\n1", "status": "ready"})";
  CannedServer server(Answers{{"GET /jobs", page(job, 1)}});
  EXPECT_EQ(run_on(server, {"jobs", "list", "-x", "command", "-x", "PRIORITY", "1", "-s", "ready"}).out,
            "Jobs for workflow ID 1:\nID  Name  Status\n----------------\n5   a     ready\n\nTotal: 1 jobs\n");
  EXPECT_EQ(server.log().at(0), "GET /jobs?workflow_id=1&status=ready&offset=0&limit=100000");
  EXPECT_EQ(json_of(server, {"jobs", "list", "1"}).at("jobs").at(0).at("command"), "echo\n1");
}

TEST(Commands, TheLimitAppliesAfterTheFilterForFailedResults) {
  const auto result = [](int id, int code) {
    return R"({"id": )" + std::to_string(id) + R"(, "job_id": 5, "workflow_id": 1, "run_id": 1, "compute_node_id": 2,
        "return_code": )" +
           std::to_string(code) + R"(, "exec_time_minutes": 0.5, "completion_time": "t",
        "status": "failed"})";
  };
  CannedServer server(Answers{{"GET /results", page(result(1, 0) + "," + result(2, 1) + "," + result(3, 137), 3)},
                              {"GET /jobs", page(R"({"id": 5, "workflow_id": 1, "name": "jay", "command": "x"})", 1)}});

  const Json failed = json_of(server, {"results", "list", "1", "--failed", "--offset", "1", "-l", "7"});
  ASSERT_EQ(failed.at("results").size(), 1U);
  EXPECT_EQ(failed.at("results").at(0).at("id"), 3);
  EXPECT_NE(run_on(server, {"results", "list", "1"}).out.find("jay"), std::string::npos);
}

TEST(Commands, ErrorsHaveTheServersMessage) {
  CannedServer server(Answers{});
  EXPECT_EQ(run_on(server, {"jobs", "get", "9"}).err, "Error: nothing there (GET /jobs/9)\n");
  const auto json = run_on(server, {"jobs", "get", "9", "-f", "json"});
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_EQ(json.out, "");
  EXPECT_EQ(Json::parse(json.err).at("error").at("message"), "nothing there (GET /jobs/9)");
}

TEST(Commands, PasswordsAppearNowhere) {
  CannedServer server(Answers{});
  const auto result =
      run_on(server, {"--password", "s3cret", "--cookie-header", "c00kie", "--log-level", "trace", "jobs", "get", "9"});
  EXPECT_EQ((result.out + result.err).find("s3cret"), std::string::npos);
  EXPECT_EQ((result.out + result.err).find("c00kie"), std::string::npos);
}
