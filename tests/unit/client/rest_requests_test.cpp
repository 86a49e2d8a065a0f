#include <gtest/gtest.h>

#include "support/canned_server.hpp"
#include "torc/base/error.hpp"
#include "torc/client/rest_api.hpp"

using namespace torc;
using torc::client::Api;
using torc::support::CannedServer;

namespace {

constexpr const char* k_workflow = R"({"id": 1, "name": "w", "user": "u"})";
constexpr const char* k_status = R"({"id": 1, "is_canceled": false, "run_id": 3})";
constexpr const char* k_job = R"({"id": 5, "workflow_id": 1, "name": "j", "command": "true", "status": "ready"})";
constexpr const char* k_page = R"({"items": [], "offset": 0, "total_count": 4, "count": 0, "has_more": false})";

/// Runs `calls` against a server with these answers; returns its requests except those for the version.
std::vector<std::string> requests_of(std::map<std::string, std::string> answers, const std::function<void(Api&)>& calls,
                                     const char* version = support::k_plain_version) {
  CannedServer server(std::move(answers), version);
  client::Connection connection;
  connection.url = server.url();
  const auto api = client::make_rest_api(connection);
  calls(*api);
  return server.log();
}

using Lines = std::vector<std::string>;

}  // namespace

TEST(RestSystem, ReloadsTheUsers) {
  const std::map<std::string, std::string> answers{
      {"POST /admin/reload-auth", R"({"message": "Reloaded 2 users", "user_count": 2})"}};
  const auto log = requests_of(answers, [](Api& api) { EXPECT_EQ(api.reload_users(), 2); });
  EXPECT_EQ(log, (Lines{"POST /admin/reload-auth"}));
}

TEST(RestWorkflows, SendTheRequestsOfTheInterface) {
  const auto log = requests_of(
      {{"GET /workflows", k_page},
       {"POST /workflows", k_workflow},
       {"GET /workflows/1", k_workflow},
       {"DELETE /workflows/1", k_workflow},
       {"GET /workflows/1/status", k_status},
       {"PUT /workflows/1/status", k_status},
       {"GET /workflows/1/is_complete", R"({"is_canceled": false, "is_complete": true,
                                            "needs_to_run_completion_script": false})"},
       {"GET /workflows/1/is_uninitialized", R"({"is_uninitialized": true})"},
       {"POST /workflows/1/initialize_jobs", "null"},
       {"PUT /workflows/1/cancel", ""},
       {"POST /workflows/1/reset_status", "{}"},
       {"POST /workflows/1/reset_job_status", R"({"workflow_id": 1, "updated_count": 7, "status": "uninitialized"})"},
       {"GET /workflows/1/required_existing_files", R"({"files": [3, 4]})"},
       {"GET /workflows/1/missing_user_data", R"({"user_data": []})"}},
      [](Api& api) {
        client::WorkflowFilter filter;
        filter.user = "a b";
        filter.is_archived = false;
        api.list_workflows(filter);
        model::Workflow workflow;
        workflow.name = "w";
        workflow.user = "u";
        EXPECT_EQ(api.create_workflow(workflow).id, 1);
        EXPECT_EQ(api.get_workflow(1).name, "w");
        api.delete_workflow(1);
        auto status = api.get_workflow_status(1);
        EXPECT_EQ(status.run_id, 3);
        status.run_id = 4;
        api.update_workflow_status(1, status);
        EXPECT_TRUE(api.is_workflow_complete(1).is_complete);
        EXPECT_TRUE(api.is_workflow_uninitialized(1));
        api.initialize_jobs(1, true, false);
        api.cancel_workflow(1);
        api.reset_workflow_status(1, false);
        api.reset_workflow_status(1, true);
        EXPECT_EQ(api.reset_job_status(1, true), 7);
        EXPECT_EQ(api.required_existing_files(1), (std::vector<model::Id>{3, 4}));
        EXPECT_TRUE(api.missing_user_data(1).empty());
      });
  EXPECT_EQ(log,
            (Lines{"GET /workflows?user=a%20b&is_archived=false&offset=0&limit=100000",
                   R"(POST /workflows {"name":"w","user":"u"})", "GET /workflows/1", "DELETE /workflows/1",
                   "GET /workflows/1/status", R"(PUT /workflows/1/status {"id":1,"is_canceled":false,"run_id":4})",
                   "GET /workflows/1/is_complete", "GET /workflows/1/is_uninitialized",
                   "POST /workflows/1/initialize_jobs?only_uninitialized=true&clear_ephemeral_user_data=false",
                   "PUT /workflows/1/cancel", "POST /workflows/1/reset_status",
                   "POST /workflows/1/reset_status?force=true", "POST /workflows/1/reset_job_status?failed_only=true",
                   "GET /workflows/1/required_existing_files", "GET /workflows/1/missing_user_data"}));
}

TEST(RestJobs, SendTheRequestsOfTheInterface) {
  const auto log = requests_of({{"GET /jobs", k_page},
                                {"GET /jobs/5", k_job},
                                {"POST /jobs", k_job},
                                {"PUT /jobs/5/start_job/3/2", k_job},
                                {"POST /jobs/5/complete_job/failed/3", k_job},
                                {"PUT /jobs/5/manage_status_change/ready/3", k_job},
                                {"POST /jobs/5/retry/3", k_job}},
                               [](Api& api) {
                                 client::JobFilter filter;
                                 filter.status = model::JobStatus::pending_failed;
                                 filter.upstream_job_id = 2;
                                 filter.active_compute_node_id = 6;
                                 filter.include_relationships = true;
                                 api.list_jobs(1, filter);
                                 EXPECT_EQ(api.get_job(5).status, model::JobStatus::ready);
                                 model::Job job;
                                 job.workflow_id = 1;
                                 job.name = "j";
                                 job.command = "true";
                                 EXPECT_EQ(api.create_job(job).id, 5);
                                 api.start_job(5, 3, 2);
                                 model::Result result;
                                 result.job_id = 5;
                                 result.workflow_id = 1;
                                 result.run_id = 3;
                                 result.compute_node_id = 2;
                                 result.return_code = 9;
                                 result.completion_time = "t";
                                 result.status = model::JobStatus::failed;
                                 api.complete_job(5, result);
                                 api.manage_status_change(5, model::JobStatus::ready, 3);
                                 EXPECT_EQ(api.retry_job(5, 3, 2147483647, 2).name, "j");
                               });
  EXPECT_EQ(log, (Lines{"GET /jobs?workflow_id=1&status=pending_failed&upstream_job_id=2&active_compute_node_id=6&"
                        "include_relationships=true&offset=0&limit=100000",
                        "GET /jobs/5", R"(POST /jobs {"command":"true","name":"j","workflow_id":1})",
                        "PUT /jobs/5/start_job/3/2",
                        R"(POST /jobs/5/complete_job/failed/3 {"completion_time":"t","compute_node_id":2,)"
                        R"("exec_time_minutes":0.0,"job_id":5,"return_code":9,"run_id":3,"status":"failed",)"
                        R"("workflow_id":1})",
                        "PUT /jobs/5/manage_status_change/ready/3", "POST /jobs/5/retry/3?max_retries=2147483647"}));
}

TEST(RestJobs, CreatesManyInSlicesAndKeepsTheirOrder) {
  support::RecordingServer server([](const support::Recorded& request) {
    if (request.target.ends_with("/version")) {
      return support::answer(support::k_plain_version);
    }
    return support::answer(request.body);  // as a server does: returns the jobs in the same order
  });
  client::Connection connection;
  connection.url = server.url();
  const auto api = client::make_rest_api(connection);
  std::vector<model::Job> jobs(10'001);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].name = std::to_string(i);
  }

  const auto created = api->create_jobs(jobs);

  ASSERT_EQ(created.size(), jobs.size());
  EXPECT_EQ(created.front().name, "0");
  EXPECT_EQ(created.back().name, "10000");
  EXPECT_EQ(server.requests().size(), 4U) << "the version and three slices";

  std::vector<model::Job> large(3);
  for (auto& job : large) {
    job.command = std::string(1'100'000, 'x');
  }
  EXPECT_EQ(api->create_jobs(large).size(), 3U);
  EXPECT_EQ(server.requests().size(), 7U) << "one request per job";
  EXPECT_TRUE(api->create_jobs({}).empty());
}

TEST(RestClaims, SendOnlySupportedOptions) {
  const auto claim = [](Api& api) {
    const client::Claimer claimer{.compute_node_id = 9, .start_run = 3, .wait = std::chrono::seconds(20)};
    EXPECT_EQ(api.claim_next_jobs(1, 4, claimer).size(), 1U);
    model::ComputeNodesResources free;
    free.num_cpus = 2;
    free.memory_gb = 1.5;
    EXPECT_TRUE(api.claim_jobs_based_on_resources(1, 4, free, claimer).empty());
  };
  const std::map<std::string, std::string> answers{
      {"POST /workflows/1/claim_next_jobs", std::string(R"({"jobs": [)") + k_job + "]}"},
      {"POST /workflows/1/claim_jobs_based_on_resources/4", R"({"jobs": null, "reason": "nothing"})"}};
  const std::string body = R"( {"memory_gb":1.5,"num_cpus":2,"num_gpus":0,"num_nodes":1})";

  EXPECT_EQ(requests_of(answers, claim),
            (Lines{"POST /workflows/1/claim_next_jobs?limit=4",
                   "POST /workflows/1/claim_jobs_based_on_resources/4?strict_scheduler_match=false" + body}));
  EXPECT_EQ(requests_of(answers, claim,
                        R"({"version": "0.23.0", "api_version": "0.12.0", "capabilities": ["claim_compute_node_id"]})"),
            (Lines{"POST /workflows/1/claim_next_jobs?limit=4&compute_node_id=9",
                   "POST /workflows/1/claim_jobs_based_on_resources/4?strict_scheduler_match=false&compute_node_id=9" +
                       body}));
  const std::string all = "&compute_node_id=9&start=true&run_id=3&wait=20";
  EXPECT_EQ(requests_of(answers, claim, R"({"version": "0.23.0", "api_version": "0.12.0", "capabilities":
                                           ["claim_compute_node_id", "claim_start", "claim_wait"]})"),
            (Lines{"POST /workflows/1/claim_next_jobs?limit=4" + all,
                   "POST /workflows/1/claim_jobs_based_on_resources/4?strict_scheduler_match=false" + all + body}));
}

TEST(RestRemoteWorkers, HaveSettingsIfTheServerSupportsThem) {
  const std::map<std::string, std::string> answers{{"POST /workflows/1/remote_workers", "[]"}};
  const auto add = [](Api& api) {
    api.create_remote_workers(1, {{.worker = "a", .settings = {{{"cpus", 2}}}}, {.worker = "b"}});
  };
  EXPECT_EQ(requests_of(answers, add), (Lines{R"(POST /workflows/1/remote_workers ["a","b"])"}));
  EXPECT_EQ(requests_of(answers, add,
                        R"({"version": "0.23.0", "api_version": "0.12.0", "capabilities": ["worker_settings"]})"),
            (Lines{R"(POST /workflows/1/remote_workers [{"settings":{"cpus":2},"worker":"a"},"b"])"}));
}

TEST(RestClaims, AreAbandonedAtAStop) {
  std::stop_source stop;
  support::RecordingServer server([&](const support::Recorded& request) {
    if (request.method == "GET") {
      return support::answer(request.target.ends_with("/version") ? support::k_plain_version : k_job);
    }
    stop.request_stop();  // While the client waits for this answer, which never arrives.
    return std::string{};
  });
  client::Connection connection;
  connection.url = server.url();
  connection.skip_version_check = true;
  const auto api = client::make_rest_api(connection);
  try {
    api->claim_next_jobs(1, 1, {.stop = stop.get_token()});
    FAIL() << "there was no answer";
  } catch (const base::ApiError& error) {
    EXPECT_EQ(error.status(), 0);
  }
  EXPECT_EQ(api->get_job(5).name, "j") << "the next call works";
}

TEST(RestJobs, CompleteTogetherAndReportRefusals) {
  std::vector<model::Result> results(2);
  results[0].job_id = 5;
  results[1].job_id = 6;
  results[1].status = model::JobStatus::failed;
  model::CompletedJobs done;
  const auto log = requests_of(
      {{"POST /workflows/1/batch_complete_jobs", R"({"completed": [5], "errors": [{"job_id": 6, "message": "no"}]})"}},
      [&](Api& api) { done = api.complete_jobs(1, results); });
  EXPECT_EQ(done.completed, std::vector<model::Id>{5});
  ASSERT_EQ(done.errors.size(), 1U);
  EXPECT_EQ(done.errors[0].job_id, 6);
  EXPECT_EQ(done.errors[0].message, "no");
  ASSERT_EQ(log.size(), 1U);
  EXPECT_NE(log[0].find(R"({"job_id":6,"result":{)"), std::string::npos) << log[0];
}

TEST(RestOthers, SendTheRequestsOfTheInterface) {
  constexpr const char* k_node = R"({"id": 2, "workflow_id": 1, "hostname": "h", "pid": 7, "start_time": "t",
      "num_cpus": 2, "memory_gb": 4, "num_gpus": 0, "num_nodes": 1, "compute_node_type": "local"})";
  const auto log =
      requests_of({{"POST /resource_requirements", R"({"id": 8, "workflow_id": 1, "name": "r"})"},
                   {"GET /resource_requirements/8", R"({"id": 8, "workflow_id": 1, "name": "r", "memory": "1m"})"},
                   {"GET /resource_requirements", k_page},
                   {"GET /results", k_page},
                   {"POST /compute_nodes", k_node},
                   {"GET /compute_nodes/2", k_node},
                   {"PUT /compute_nodes/2", k_node},
                   {"GET /compute_nodes", k_page},
                   {"GET /workflows/1/remote_workers", R"([{"worker": "a@h:22", "workflow_id": 1}])"},
                   {"POST /workflows/1/remote_workers", "[]"},
                   {"DELETE /workflows/1/remote_workers/a%40h%3A22", R"({"worker": "a@h:22", "workflow_id": 1})"},
                   {"POST /events", R"({"id": 1, "workflow_id": 1, "timestamp": 5, "data": {"a": 1}})"},
                   {"GET /events", k_page},
                   {"POST /files", R"({"id": 1, "workflow_id": 1, "name": "f", "path": "p"})"},
                   {"GET /files", k_page},
                   {"POST /user_data", R"({"id": 1, "workflow_id": 1, "name": "d"})"},
                   {"GET /user_data", k_page},
                   {"GET /scheduled_compute_nodes", k_page}},
                  [](Api& api) {
                    model::ResourceRequirements requirements;
                    requirements.workflow_id = 1;
                    requirements.name = "r";
                    EXPECT_EQ(api.create_resource_requirements(requirements).id, 8);
                    EXPECT_EQ(api.get_resource_requirements(8).memory, "1m");
                    api.list_resource_requirements(1);
                    client::ResultFilter results;
                    results.run_id = 3;
                    results.return_code = -9;
                    results.all_runs = true;
                    api.list_results(1, results);
                    auto node = api.get_compute_node(2);
                    EXPECT_EQ(node.memory_gb, 4);
                    node.is_active = false;
                    EXPECT_EQ(api.update_compute_node(2, node).id, 2);
                    client::ComputeNodeFilter nodes;
                    nodes.is_active = true;
                    EXPECT_EQ(api.list_compute_nodes(1, nodes).total_count, 4);
                    EXPECT_EQ(api.list_remote_workers(1).at(0).worker, "a@h:22");
                    api.create_remote_workers(1, {{.worker = "a@h:22"}, {.worker = "b"}});
                    api.delete_remote_worker(1, "a@h:22");
                    model::Event event;
                    event.workflow_id = 1;
                    event.timestamp = 5;
                    event.data = {{"a", 1}};
                    EXPECT_EQ(api.create_event(event).data.at("a"), 1);
                    api.list_events(1, {});
                    EXPECT_EQ(api.create_file({{}, 1, "f", "p", 1.5}).path, "p");
                    api.list_files(1, {});
                    api.list_files(1, {.produced_by_job_id = 6});
                    EXPECT_EQ(api.create_user_data({{}, 1, {}, "d", 7}).name, "d");
                    api.list_user_data(1);
                    EXPECT_EQ(api.count_scheduled_compute_nodes(1, "active"), 4);
                  });
  EXPECT_EQ(
      log,
      (Lines{R"(POST /resource_requirements {"name":"r","workflow_id":1})", "GET /resource_requirements/8",
             "GET /resource_requirements?workflow_id=1&offset=0&limit=100000",
             "GET /results?workflow_id=1&run_id=3&return_code=-9&all_runs=true&offset=0&limit=100000",
             "GET /compute_nodes/2",
             R"(PUT /compute_nodes/2 {"compute_node_type":"local","hostname":"h","id":2,"is_active":false,)"
             R"("memory_gb":4.0,"num_cpus":2,"num_gpus":0,"num_nodes":1,"pid":7,"start_time":"t","workflow_id":1})",
             "GET /compute_nodes?workflow_id=1&is_active=true&offset=0&limit=100000", "GET /workflows/1/remote_workers",
             R"(POST /workflows/1/remote_workers ["a@h:22","b"])", "DELETE /workflows/1/remote_workers/a%40h%3A22",
             R"(POST /events {"data":{"a":1},"timestamp":5,"workflow_id":1})",
             "GET /events?workflow_id=1&offset=0&limit=100000",
             R"(POST /files {"name":"f","path":"p","st_mtime":1.5,"workflow_id":1})",
             "GET /files?workflow_id=1&offset=0&limit=100000",
             "GET /files?workflow_id=1&produced_by_job_id=6&offset=0&limit=100000",
             R"(POST /user_data {"data":7,"name":"d","workflow_id":1})",
             "GET /user_data?workflow_id=1&offset=0&limit=100000",
             "GET /scheduled_compute_nodes?workflow_id=1&limit=1&status=active"}));
}

TEST(RestOthers, CountNoScheduledNodesWithoutTheOperation) {
  requests_of({}, [](Api& api) { EXPECT_EQ(api.count_scheduled_compute_nodes(1, "active"), 0); });
}

TEST(RestOthers, RefuseInvalidAnswers) {
  requests_of({{"GET /jobs/5", R"({"id": "five"})"},
               {"GET /workflows/1/remote_workers", R"({"no": "array"})"},
               {"GET /workflows/1/is_uninitialized", R"({})"},
               {"GET /jobs", R"([])"}},
              [](Api& api) {
                EXPECT_THROW(api.get_job(5), base::ApiError);
                EXPECT_THROW(api.list_remote_workers(1), base::ApiError);
                EXPECT_THROW(api.is_workflow_uninitialized(1), base::ApiError);
                EXPECT_THROW(api.list_jobs(1, {}), base::ApiError);
              });
}

TEST(RestAutomation, SendsTheRequestsOfTheInterface) {
  const auto log =
      requests_of({{"POST /failure_handlers", R"({"id": 2, "workflow_id": 1, "name": "h", "rules": "[]"})"},
                   {"POST /workflows/1/actions", R"({"id": 3, "workflow_id": 1, "trigger_type": "on_jobs_ready",
                        "action_type": "run_commands", "action_config": {"commands": ["x"]}, "job_ids": [4]})"}},
                  [](Api& api) {
                    EXPECT_EQ(api.create_failure_handler({{}, 1, "h", "[]"}).id, 2);
                    model::WorkflowAction action;
                    action.workflow_id = 1;
                    action.trigger_type = "on_jobs_ready";
                    action.action_type = "run_commands";
                    action.action_config = {{"commands", {"x"}}};
                    action.job_ids = {4};
                    EXPECT_EQ(api.create_workflow_action(action).id, 3);
                  });
  EXPECT_EQ(log, (Lines{R"(POST /failure_handlers {"name":"h","rules":"[]","workflow_id":1})",
                        R"(POST /workflows/1/actions {"action_config":{"commands":["x"]},"action_type":"run_commands",)"
                        R"("job_ids":[4],"trigger_type":"on_jobs_ready","workflow_id":1})"}));
}
