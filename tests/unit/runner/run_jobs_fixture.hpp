#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runner_support.hpp"
#include "torc/client/rest_api.hpp"
#include "torc/proc/process_tree_guard.hpp"
#include "torc/runner/runner.hpp"
#include "torc/server/server.hpp"

namespace torc::runner::testing {

using model::JobStatus;
using std::chrono::milliseconds;

/// A server, a workflow, and a client for runners.
class RunJobsTest : public ::testing::Test {
 protected:
  /// @param plain  Whether the server behaves like torc 0.23, without additions.
  explicit RunJobsTest(bool plain = false) : is_plain(plain) {
    start_server(0);
    api = connect();
  }

  void start_server(std::uint16_t port) {
    server = std::make_unique<server::Server>(server::ServerOptions{.host = "127.0.0.1",
                                                                    .port = port,
                                                                    .database = directory.file("torc.db"),
                                                                    .worker_timeout = worker_timeout,
                                                                    .no_additions = is_plain});
  }

  std::unique_ptr<client::Api> connect(const std::string& url = "") const {
    client::Connection connection;
    connection.url = url.empty() ? server->url() : url;
    connection.user = "tester";
    return client::make_rest_api(connection);
  }

  model::Id create_workflow(std::int64_t wait_for_new_jobs_s = 90, std::int64_t wait_for_server_min = 20) {
    model::Workflow body;
    body.name = "test";
    body.user = "tester";
    body.compute_node_wait_for_new_jobs_seconds = wait_for_new_jobs_s;
    body.compute_node_wait_for_healthy_database_minutes = wait_for_server_min;
    body.execution_config = execution_config;
    workflow = api->create_workflow(body).id.value();
    return workflow;
  }

  model::Id add_job(const std::string& command, std::vector<model::Id> depends_on = {},
                    std::optional<model::Id> requirements = std::nullopt) {
    model::Job body;
    body.workflow_id = workflow;
    body.name = "job" + std::to_string(++m_jobs);
    body.command = command;
    body.depends_on_job_ids = std::move(depends_on);
    body.resource_requirements_id = requirements;
    return api->create_job(body).id.value();
  }

  model::Id add_requirements(std::int64_t cpus, const std::string& memory, const std::string& runtime = "PT1M",
                             std::int64_t gpus = 0) {
    model::ResourceRequirements body;
    body.workflow_id = workflow;
    body.name = "needs" + std::to_string(++m_jobs);
    body.num_cpus = cpus;
    body.memory = memory;
    body.runtime = runtime;
    body.num_gpus = gpus;
    return api->create_resource_requirements(body).id.value();
  }

  /// Registers a compute node.
  model::ComputeNode add_node() {
    model::ComputeNode node;
    node.workflow_id = workflow;
    node.hostname = "h";
    node.is_active = true;
    node.num_cpus = 4;
    node.memory_gb = 1;
    node.compute_node_type = "local";
    node.id = api->create_compute_node(node).id;
    return node;
  }

  void initialize() {
    auto status = api->get_workflow_status(workflow);
    ++status.run_id;
    api->update_workflow_status(workflow, status);
    api->initialize_jobs(workflow, false, false);
  }

  RunnerOptions options() const {
    RunnerOptions result;
    result.workflow_id = workflow;
    result.output_directory = directory.file("out");
    result.poll_interval = milliseconds(100);
    result.num_cpus = 4;
    result.memory_gb = 8;
    result.api_url = server->url();
    return result;
  }

  RunnerReport run(const RunnerOptions& with, const std::stop_token& stop = {}) {
    const auto own = connect();
    return run_jobs(*own, with, stop);
  }

  /// Runs until the time limit ends a job that writes a line to the file `log` when it starts (see `note`). On a busy
  /// machine the time limit may pass before a job has started; then it runs again with twice the time.
  RunnerReport run_into_time_limit(RunnerOptions with) {
    const auto count = [this] { return std::filesystem::exists(directory.file("log")) ? lines("log").size() : 0U; };
    const auto before = count();
    for (;; with.time_limit = 2 * *with.time_limit) {
      RunnerReport report;
      try {
        report = run(with);
      } catch (const base::ApiError& error) {
        if (*with.time_limit > std::chrono::minutes(1)) {
          throw;  // Not caused by a lack of time.
        }
      }
      if (count() > before) {
        return report;
      }
    }
  }

  std::map<JobStatus, int> states() {
    std::map<JobStatus, int> counts;
    for (const auto& job : api->list_jobs(workflow, {}).items) {
      ++counts[job.status.value()];
    }
    return counts;
  }

  std::vector<std::string> lines(const std::string& name) const {
    return base::split_lines(base::read_file(directory.file(name)));
  }

  std::string note(const std::string& text, const std::string& file = "log") const {
    return "echo " + text + " >>" + directory.file(file);
  }

  const bool is_plain;
  const proc::ProcessTreeGuard guard;
  const TempDir directory;
  std::unique_ptr<server::Server> server;
  std::unique_ptr<client::Api> api;
  model::Id workflow{0};
  milliseconds worker_timeout{90'000};  ///< For servers that are started later.
  /// For workflows that are created later. Jobs that ignore signals must not delay tests by the default half a minute.
  std::string execution_config{R"({"sigterm_lead_seconds": 1})"};

 private:
  int m_jobs{0};
};

/// Runs each test with both servers: with and without the additions to torc 0.23.
class BothServersTest : public RunJobsTest, public ::testing::WithParamInterface<bool> {
 protected:
  BothServersTest() : RunJobsTest(GetParam()) {}
};

/// The server in the name of a test.
inline std::string server_name(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "Plain" : "Own";
}

}  // namespace torc::runner::testing
