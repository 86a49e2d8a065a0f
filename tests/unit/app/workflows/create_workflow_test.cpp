#include "torc/app/workflows/create_workflow.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include <nlohmann/json.hpp>

#include "support/canned_server.hpp"
#include "support/recording_server.hpp"
#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/client/rest_api.hpp"

namespace torc::app {
namespace {

using support::answer;
using support::Recorded;
using support::RecordingServer;
using Json = nlohmann::json;
using Lines = std::vector<std::string>;

std::unique_ptr<client::Api> connect(const std::string& url) {
  return client::make_rest_api({.url = url, .user = "tester"});
}

/// Assigns IDs as a server does; answers the request `refuse` with 422.
class GivingServer {
 public:
  explicit GivingServer(std::string refuse = {}, bool deletes = true)
      : m_refuse(std::move(refuse)),
        m_deletes(deletes),
        m_server([this](const Recorded& request) { return reply(request); }) {}

  std::string url() const { return m_server.url(); }

  /// The requests after that for the version, as "METHOD /path".
  Lines calls() const {
    Lines lines;
    for (const auto& request : m_server.requests()) {
      if (!request.target.ends_with("/version")) {
        lines.push_back(name_of(request));
      }
    }
    return lines;
  }

  Json body(const std::string& call, std::size_t which = 0) const {
    for (const auto& request : m_server.requests()) {
      if (name_of(request) == call && which-- == 0) {
        return Json::parse(request.body);
      }
    }
    return nullptr;
  }

 private:
  static std::string name_of(const Recorded& request) {
    return request.method + " " + request.target.substr(std::string("/torc-service/v1").size());
  }

  std::string reply(const Recorded& request) {
    const std::string name = name_of(request);
    if (name == "GET /version") {
      return answer(support::k_plain_version);
    }
    if (name == m_refuse || (request.method == "DELETE" && !m_deletes)) {
      return answer(R"({"error": {"error": "UnprocessableContent", "message": "not today"}})", 422);
    }
    Json body = request.body.empty() ? Json({{"name", "p"}, {"user", "u"}}) : Json::parse(request.body);
    if (name == "POST /bulk_jobs") {
      for (auto& job : body["jobs"]) {
        job["id"] = ++m_last_id;
      }
    } else {
      body["id"] = ++m_last_id;
    }
    return answer(body.dump());
  }

  std::string m_refuse;
  bool m_deletes;
  int m_last_id{0};
  RecordingServer m_server;
};

workflow_file::WorkflowDescription diamond() {
  return workflow_file::parse_workflow(R"(
name: p
resource_requirements: [{name: r, num_cpus: 1, memory: 1g}]
files: [{name: f, path: f.txt}]
jobs:
  - {name: last, command: d, depends_on: [left, right]}
  - {name: left, command: b, depends_on: [first], input_files: [f]}
  - {name: first, command: a, resource_requirements: r, output_files: [f], priority: 3}
  - {name: right, command: c, depends_on: [first]}
)",
                                       workflow_file::Format::yaml, "p.yaml");
}

const CreateOptions k_options{.user = "alice"};

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(CreateWorkflow, CreatesJobsBeforeTheirDependents) {
  GivingServer server;
  EXPECT_EQ(create_workflow(*connect(server.url()), diamond(), k_options), 1);
  EXPECT_EQ(server.calls(), (Lines{"POST /workflows", "POST /resource_requirements", "POST /files", "POST /bulk_jobs",
                                   "POST /bulk_jobs", "POST /bulk_jobs"}));
  EXPECT_EQ(server.body("POST /workflows").at("user"), "alice");
  // IDs: 1 workflow, 2 requirement, 3 file
  EXPECT_EQ(server.body("POST /bulk_jobs", 0).at("jobs"),
            Json::parse(R"([{"workflow_id": 1, "name": "first", "command": "a", "priority": 3,
                             "resource_requirements_id": 2, "output_file_ids": [3]}])"));
  EXPECT_EQ(server.body("POST /bulk_jobs", 1).at("jobs"),
            Json::parse(R"([{"workflow_id": 1, "name": "left", "command": "b", "depends_on_job_ids": [4],
                             "input_file_ids": [3]},
                            {"workflow_id": 1, "name": "right", "command": "c", "depends_on_job_ids": [4]}])"));
  EXPECT_EQ(server.body("POST /bulk_jobs", 2).at("jobs").at(0).at("depends_on_job_ids"), Json({5, 6}));
}

/// One record of each kind that has its own request.
workflow_file::WorkflowDescription every_section() {
  return workflow_file::parse_workflow(R"(
name: p
resource_requirements: [{name: r, num_cpus: 1, memory: 1g}]
failure_handlers: [{name: h, rules: [{exit_codes: [1]}]}]
files: [{name: f, path: f.txt}]
user_data: [{name: u, data: {k: 1}, is_ephemeral: true}, {name: v}]
jobs:
  - {name: a, command: x, failure_handler: h, input_user_data: [u], output_user_data: [v]}
  - {name: b, command: x, input_user_data: [v], output_files: [f]}
actions:
  - {trigger_type: on_jobs_complete, action_type: run_commands, commands: [y], jobs: [b, a]}
  - {trigger_type: on_worker_start, action_type: run_commands, commands: [z], persistent: true}
)",
                                       workflow_file::Format::yaml, "p.yaml");
}

TEST(CreateWorkflow, CreatesEverySection) {
  GivingServer server;
  create_workflow(*connect(server.url()), every_section(), k_options);
  EXPECT_EQ(server.calls(), (Lines{"POST /workflows", "POST /resource_requirements", "POST /failure_handlers",
                                   "POST /files", "POST /user_data", "POST /user_data", "POST /bulk_jobs",
                                   "POST /workflows/1/actions", "POST /workflows/1/actions"}));
  EXPECT_EQ(server.body("POST /failure_handlers"),
            Json({{"workflow_id", 1}, {"name", "h"}, {"rules", R"([{"exit_codes":[1],"max_retries":3}])"}}));
  EXPECT_EQ(server.body("POST /user_data", 0),
            Json::parse(R"({"workflow_id": 1, "name": "u", "data": {"k": 1}, "is_ephemeral": true})"));
  EXPECT_EQ(server.body("POST /user_data", 1), Json::parse(R"({"workflow_id": 1, "name": "v"})"));
  // IDs: 2 requirement, 3 failure handler, 4 file, 5 and 6 user data, 7 and 8 jobs
  EXPECT_EQ(server.body("POST /bulk_jobs").at("jobs"),
            Json::parse(R"([{"workflow_id": 1, "name": "a", "command": "x", "failure_handler_id": 3,
                             "input_user_data_ids": [5], "output_user_data_ids": [6]},
                            {"workflow_id": 1, "name": "b", "command": "x", "input_user_data_ids": [6],
                             "output_file_ids": [4]}])"));
  EXPECT_EQ(server.body("POST /workflows/1/actions", 0),
            Json::parse(R"({"workflow_id": 1, "trigger_type": "on_jobs_complete", "action_type": "run_commands",
                            "action_config": {"commands": ["y"]}, "job_ids": [8, 7], "persistent": false})"));
  EXPECT_EQ(server.body("POST /workflows/1/actions", 1),
            Json::parse(R"({"workflow_id": 1, "trigger_type": "on_worker_start", "action_type": "run_commands",
                            "action_config": {"commands": ["z"]}, "persistent": true})"));
}

TEST(CreateWorkflow, OmitsMonitoringOnRequest) {
  GivingServer server;
  create_workflow(*connect(server.url()), diamond(), {.user = "alice", .resource_monitoring = false});
  EXPECT_FALSE(server.body("POST /workflows").contains("resource_monitor_config"));
}

TEST(CreateWorkflow, DeletesThePartialWorkflowWhenAStepFails) {
  for (const char* step : {"POST /resource_requirements", "POST /failure_handlers", "POST /files", "POST /user_data",
                           "POST /bulk_jobs", "POST /workflows/1/actions"}) {
    GivingServer server(step);
    const auto message = error_of([&] { create_workflow(*connect(server.url()), every_section(), k_options); });
    EXPECT_EQ(message.rfind("creating workflow 'p': ", 0), 0U) << message;
    EXPECT_NE(message.find("not today"), std::string::npos) << message;
    EXPECT_EQ(server.calls().back(), "DELETE /workflows/1") << step;
  }
}

TEST(CreateWorkflow, DeletesNothingWhenTheFirstStepFails) {
  GivingServer server("POST /workflows");
  EXPECT_NE(error_of([&] { create_workflow(*connect(server.url()), diamond(), k_options); }), "no error");
  EXPECT_EQ(server.calls(), Lines{"POST /workflows"});
}

TEST(CreateWorkflow, ReportsIfDeletingFailedToo) {
  GivingServer server("POST /bulk_jobs", /*deletes=*/false);
  const auto message = error_of([&] { create_workflow(*connect(server.url()), diamond(), k_options); });
  EXPECT_NE(message.find("could not be deleted"), std::string::npos) << message;
  EXPECT_NE(message.find("'torc delete 1'"), std::string::npos) << message;
}

TEST(CreateWorkflow, CreatesNothingIfStoppedBefore) {
  GivingServer server;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(error_of([&] {
              create_workflow(*connect(server.url()), diamond(), {.user = "alice", .stop = stop.get_token()});
            }),
            "stopped by a signal");
  EXPECT_EQ(server.calls(), Lines{});
}

/// A new workflow with an input file `path`.
support::Answers new_workflow(const std::string& path) {
  const Json file{{"id", 9}, {"workflow_id", 1}, {"name", "in"}, {"path", path}};
  const Json status{{"id", 1}, {"is_canceled", false}, {"run_id", 4}};
  return {{"GET /workflows/1/is_uninitialized", R"({"is_uninitialized": true})"},
          {"GET /workflows/1/required_existing_files", R"({"files": [9]})"},
          {"GET /workflows/1/missing_user_data", R"({"user_data": []})"},
          {"GET /files", Json({{"items", {file}}, {"total_count", 1}, {"has_more", false}}).dump()},
          {"GET /workflows/1/status", status.dump()},
          {"PUT /workflows/1/status", status.dump()},
          {"POST /workflows/1/initialize_jobs", R"({"message": "Initialized job status"})"}};
}

bool asked(const support::CannedServer& server, const std::string& start) {
  for (const auto& line : server.log()) {
    if (line.starts_with(start)) {
      return true;
    }
  }
  return false;
}

TEST(InitializeIfNew, BeginsTheNextRun) {
  const support::TempDir directory;
  std::ofstream(directory.path() / "in.txt") << "1";
  const support::CannedServer server(new_workflow(directory.path() / "in.txt"));
  EXPECT_TRUE(initialize_if_new(*connect(server.url()), 1));
  const auto log = server.log();
  ASSERT_GE(log.size(), 2U);
  EXPECT_TRUE(log[log.size() - 2].starts_with("PUT /workflows/1/status "));
  EXPECT_NE(log[log.size() - 2].find("\"run_id\":5"), std::string::npos);
  EXPECT_TRUE(log.back().starts_with("POST /workflows/1/initialize_jobs?only_uninitialized=true"));
}

TEST(InitializeIfNew, UsesOneRequestIfTheServerSupportsIt) {
  const support::TempDir directory;
  std::ofstream(directory.path() / "in.txt") << "1";
  auto answers = new_workflow(directory.path() / "in.txt");
  answers["GET /version"] =
      R"({"version": "0.23.0", "api_version": "0.12.0", "capabilities": ["initialize_next_run"]})";
  answers["POST /workflows/1/initialize_jobs"] = R"({"message": "", "initialized": false})";
  const support::CannedServer server(answers);
  EXPECT_FALSE(initialize_if_new(*connect(server.url()), 1));
  EXPECT_FALSE(asked(server, "PUT"));
  EXPECT_TRUE(
      asked(server, "POST /workflows/1/initialize_jobs?only_uninitialized=true&next_run=true&if_uninitialized=true"));
}

TEST(InitializeIfNew, RefusesIfAnInputFileIsMissing) {
  const support::CannedServer server(new_workflow("/nowhere/in.txt"));
  const auto message = error_of([&] { initialize_if_new(*connect(server.url()), 1); });
  EXPECT_EQ(message.rfind("workflow 1 cannot start:\n  /nowhere/in.txt: no such file (input file 'in')\n", 0), 0U)
      << message;
  EXPECT_FALSE(asked(server, "PUT"));
  EXPECT_FALSE(asked(server, "POST"));
}

TEST(InitializeIfNew, DoesNotCheckFilesOnRequest) {
  const support::CannedServer server(new_workflow("/nowhere/in.txt"));
  EXPECT_TRUE(initialize_if_new(*connect(server.url()), 1, /*skip_checks=*/true));
  EXPECT_FALSE(asked(server, "GET /files"));
}

TEST(InitializeIfNew, DoesNotChangeAnInitialisedWorkflow) {
  const support::CannedServer server(
      support::Answers{{"GET /workflows/1/is_uninitialized", R"({"is_uninitialized": false})"}});
  EXPECT_FALSE(initialize_if_new(*connect(server.url()), 1));
  EXPECT_EQ(server.log().size(), 1U);
}

}  // namespace
}  // namespace torc::app
