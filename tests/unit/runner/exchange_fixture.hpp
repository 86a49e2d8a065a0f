#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "runner/exchange/job_exchange.hpp"
#include "runner/runner_log.hpp"
#include "runner_support.hpp"
#include "support/stub_api.hpp"
#include "torc/base/error.hpp"

namespace torc::runner::testing {

inline constexpr model::Id k_workflow{7};
inline constexpr std::int64_t k_run{5};
inline constexpr model::Id k_node{3};

/// A fake of the server's operations for jobs: records each call and returns what the test has set.
class FakeApi : public support::StubApi {
 public:
  void set_wait_limit(net::WaitLimit) override {}
  void ping() override { record("ping"); }
  bool has_capability(model::Capability capability) override { return capabilities.contains(capability); }
  model::WorkflowStatus get_workflow_status(model::Id) override {
    model::WorkflowStatus status;
    status.run_id = k_run;
    return status;
  }
  model::Page<model::ResourceRequirements> list_resource_requirements(model::Id) override { return {}; }

  std::vector<model::Job> claim_next_jobs(model::Id, std::int64_t limit, const client::Claimer&) override {
    record("claim " + std::to_string(limit));
    return std::exchange(claimable, {});
  }
  model::Page<model::Job> list_jobs(model::Id, const client::JobFilter&) override {
    record("list_jobs");
    model::Page<model::Job> page;
    page.items = at_work;
    return page;
  }
  model::Job get_job(model::Id id) override {
    record("get_job " + std::to_string(id));
    return left_job;
  }
  void start_job(model::Id id, std::int64_t, model::Id) override {
    record("start " + std::to_string(id));
    refuse_if_told(id);
  }
  model::File get_file(model::Id id) override { return file_of(id); }
  model::Page<model::File> list_files(model::Id, const client::FileFilter&) override {
    model::Page<model::File> page;
    for (const auto& [id, path] : files) {
      page.items.push_back(file_of(id));
    }
    return page;
  }
  void complete_job(model::Id id, const model::Result& result) override {
    record("complete " + std::to_string(id) + " " + std::string(model::to_string(result.status)));
    refuse_if_told(id);
  }
  model::CompletedJobs complete_jobs(model::Id, const std::vector<model::Result>& results) override {
    record("complete " + std::to_string(results.size()) + " jobs");
    model::CompletedJobs done;
    for (const auto& result : results) {
      if (const auto it = refusals.find(result.job_id); it != refusals.end()) {
        done.errors.push_back({.job_id = it->first, .message = it->second});
      } else {
        done.completed.push_back(result.job_id);
      }
    }
    return done;
  }
  void manage_status_change(model::Id id, model::JobStatus status, std::int64_t) override {
    record("set " + std::to_string(id) + " " + std::string(model::to_string(status)));
  }
  model::Job retry_job(model::Id id, std::int64_t, std::int64_t, std::optional<std::int64_t>) override {
    record("retry " + std::to_string(id));
    refuse_if_told(id);
    return {};
  }
  model::Job retry_job_after_time_limit(model::Id id, std::int64_t, std::int64_t,
                                        std::optional<std::int64_t>) override {
    record("retry_after_time_limit " + std::to_string(id));
    refuse_if_told(id);
    return {};
  }
  model::Page<model::Result> list_results(model::Id, const client::ResultFilter& filter) override {
    record("list_results " + std::to_string(filter.job_id.value_or(0)));
    model::Page<model::Result> page;
    page.items = earlier_results;
    return page;
  }
  model::Result create_result(const model::Result& result) override {
    record("create_result " + std::to_string(result.job_id));
    return result;
  }
  model::Event create_event(const model::Event& event) override {
    record("create_event " + event.data.at("event_type").get<std::string>());
    return event;
  }
  std::vector<model::FailureHandler> list_failure_handlers(model::Id) override {
    record("list_failure_handlers");
    return failure_handlers;
  }
  model::ComputeNode create_compute_node(const model::ComputeNode& node) override {
    model::ComputeNode created = node;
    created.id = k_node + m_nodes++;
    record("create_compute_node " + std::to_string(*created.id));
    return created;
  }
  model::ComputeNode update_compute_node(model::Id id, const model::ComputeNode& node) override {
    record("update_compute_node " + std::to_string(id));
    last_node = node;
    return node;
  }
  model::Heartbeat send_heartbeat(model::Id id) override {
    record("heartbeat " + std::to_string(id));
    model::Heartbeat answer = heartbeat;
    answer.compute_node_id = id;
    answer.is_active = heartbeat.is_active && id != lost_node;
    return answer;
  }

  /// The calls since the previous call of this function.
  std::vector<std::string> take_calls() { return std::exchange(m_calls, {}); }

  bool is_away{false};       ///< No call gets an answer.
  std::string unanswered{};  ///< This call gets no answer.
  std::set<model::Capability> capabilities{
      model::Capability::batch_complete_jobs, model::Capability::claim_compute_node_id,
      model::Capability::claim_wait,          model::Capability::heartbeat,
      model::Capability::retry_reason,        model::Capability::retry_attempt};
  std::vector<model::Job> claimable{};          ///< Jobs for the next claim.
  std::vector<model::Job> at_work{};            ///< Jobs of the compute node according to the server.
  model::Job left_job{};                        ///< Answer of `get_job`.
  std::map<model::Id, std::string> refusals{};  ///< Errors for calls about a job, by job ID.
  std::map<model::Id, std::string> files{};     ///< Paths of the workflow's files, by file ID.
  std::vector<model::Result> earlier_results{};
  std::vector<model::FailureHandler> failure_handlers{};
  model::Heartbeat heartbeat{.compute_node_id = k_node, .is_active = true};
  std::optional<model::Id> lost_node{};  ///< This compute node is lost.
  model::ComputeNode last_node{};

 private:
  void record(const std::string& call) {
    m_calls.push_back(call);
    if (is_away || call == unanswered) {
      throw base::ApiError(0, "Unreachable", "connection refused");
    }
  }
  model::File file_of(model::Id id) const {
    model::File file;
    file.id = id;
    file.workflow_id = k_workflow;
    file.name = "file" + std::to_string(id);
    file.path = files.at(id);
    return file;
  }
  void refuse_if_told(model::Id id) const {
    if (const auto it = refusals.find(id); it != refusals.end()) {
      throw base::ApiError(422, "Unprocessable", it->second);
    }
  }

  std::vector<std::string> m_calls{};
  model::Id m_nodes{0};
};

using Calls = std::vector<std::string>;

inline model::Job job_of(model::Id id, model::JobStatus status = model::JobStatus::running) {
  model::Job job;
  job.id = id;
  job.workflow_id = k_workflow;
  job.name = "job" + std::to_string(id);
  job.attempt_id = 1;
  job.status = status;
  return job;
}

/// A job exchange with a fake server.
class ExchangeTest : public ::testing::Test {
 protected:
  const TempDir directory;
  FakeApi api;
  RunnerLog log{directory.file("runner.log")};
  JobExchange exchange{api, k_workflow, k_run, k_node, log};
};

}  // namespace torc::runner::testing
