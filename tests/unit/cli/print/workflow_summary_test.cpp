#include "cli/print/workflow_summary.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/canned_server.hpp"
#include "torc/client/rest_api.hpp"

using namespace torc;
using torc::cli::summarize_workflow;
using torc::support::Answers;

namespace {

constexpr const char* k_complete =
    R"({"is_canceled": false, "is_complete": true, "needs_to_run_completion_script": false})";
constexpr const char* k_none = R"({"items": [], "total_count": 0, "has_more": false})";

std::unique_ptr<client::Api> api_at(const std::string& url) {
  client::Connection connection;
  connection.url = url;
  return client::make_rest_api(connection);
}

}  // namespace

TEST(WorkflowSummary, CountsJobsAndTimes) {
  support::CannedServer server(Answers{
      {"GET /workflows/1", R"({"id": 1, "name": "w", "user": "u"})"},
      {"GET /workflows/1/is_complete", k_complete},
      {"GET /compute_nodes", R"({"items": [], "total_count": 3, "has_more": false})"},
      {"GET /scheduled_compute_nodes", k_none},
      {"GET /jobs", R"({"items": [{"id": 1, "workflow_id": 1, "name": "a", "command": "x", "status": "completed"},
                                   {"id": 2, "workflow_id": 1, "name": "b", "command": "x", "status": "failed"}],
                         "total_count": 2, "has_more": false})"},
      {"GET /results", R"({"items": [
          {"job_id": 1, "workflow_id": 1, "run_id": 1, "compute_node_id": 1, "return_code": 0, "exec_time_minutes": 0.5,
           "completion_time": "2026-01-01T00:00:40.000Z", "status": "completed"},
          {"job_id": 2, "workflow_id": 1, "run_id": 1, "compute_node_id": 1, "return_code": 1, "exec_time_minutes": 1,
           "completion_time": "2026-01-01T00:02:00.500+00:00", "status": "failed"}],
          "total_count": 2, "has_more": false})"}});
  const auto api = api_at(server.url());

  const auto document = summary_json(summarize_workflow(*api, 1));

  EXPECT_EQ(document.at("total_jobs"), 2);
  EXPECT_EQ(document.at("jobs_by_status").at("completed"), 1);
  EXPECT_EQ(document.at("jobs_by_status").at("failed"), 1);
  EXPECT_EQ(document.at("jobs_by_status").size(), model::k_job_statuses.size());
  EXPECT_EQ(document.at("active_compute_nodes"), 3);
  EXPECT_EQ(document.at("total_exec_time_minutes"), 1.5);
  EXPECT_EQ(document.at("total_exec_time_formatted"), "1m 30s");
  EXPECT_EQ(document.at("walltime_seconds"), 110.5);
  EXPECT_EQ(document.at("walltime_formatted"), "1m 51s");
}

TEST(WorkflowSummary, HasNoWalltimeBeforeAJobEnded) {
  support::CannedServer server(Answers{{"GET /workflows/1", R"({"id": 1, "name": "w", "user": "u"})"},
                                       {"GET /workflows/1/is_complete", k_complete},
                                       {"GET /compute_nodes", k_none},
                                       {"GET /jobs", k_none},
                                       {"GET /results", k_none}});
  const auto api = api_at(server.url());

  const auto document = summary_json(summarize_workflow(*api, 1));

  EXPECT_FALSE(document.contains("walltime_seconds"));
  EXPECT_EQ(document.at("total_exec_time_formatted"), "0.0s");
}

// If there are many jobs, the server counts them, so that the client need not list 100,000 jobs.
TEST(WorkflowSummary, LetsTheServerCountManyJobs) {
  support::RecordingServer server([](const support::Recorded& request) {
    const auto has = [&](const char* text) { return request.target.find(text) != std::string::npos; };
    if (has("/version")) {
      return support::answer(support::k_plain_version);
    }
    if (has("/jobs?")) {
      const int count = has("status=ready") ? 90'000 : has("status=running") ? 5 : has("status=") ? 0 : 90'005;
      const std::string job = R"({"workflow_id": 1, "name": "a", "command": "x"})";
      std::string jobs = job;
      for (int i = 1; has("limit=2000") && i < 2000; ++i) {
        jobs += "," + job;
      }
      return support::answer(R"({"items": [)" + jobs + R"(], "has_more": true, "total_count": )" +
                             std::to_string(count) + "}");
    }
    return support::answer(has("is_complete")    ? k_complete
                           : has("/workflows/1") ? R"({"id": 1, "name": "w", "user": "u"})"
                                                 : k_none);
  });
  const auto api = api_at(server.url());

  const auto summary = summarize_workflow(*api, 1);

  EXPECT_EQ(summary.total_jobs, 90'005);
  EXPECT_EQ(summary.jobs.at(model::JobStatus::ready), 90'000);
  EXPECT_EQ(summary.jobs.at(model::JobStatus::running), 5);
  EXPECT_LT(server.requests().size(), 25U);
}
