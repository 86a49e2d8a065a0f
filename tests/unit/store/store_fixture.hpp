#pragma once

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/store/connection.hpp"
#include "torc/store/jobs.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {

inline model::Workflow named_workflow(const std::string& name) {
  model::Workflow result;
  result.name = name;
  result.user = "u";
  return result;
}

/// A new database with one workflow, and short functions for common steps.
class StoreTest : public testing::Test {
 protected:
  StoreTest() { workflow = create_workflow(connection, named_workflow("w")).id.value(); }

  Id job(const std::string& name, std::vector<Id> depends_on = {}, bool cancel_on_failure = true) {
    model::Job body = job_body(name);
    body.depends_on_job_ids = std::move(depends_on);
    body.cancel_on_blocking_job_failure = cancel_on_failure;
    return create(std::move(body));
  }
  model::Job job_body(const std::string& name) const {
    model::Job body;
    body.workflow_id = workflow;
    body.name = name;
    body.command = "true";
    return body;
  }
  Id create(model::Job body) {
    std::vector<model::Job> jobs;
    jobs.push_back(std::move(body));
    return create_jobs(connection, workflow, std::move(jobs)).front().id.value();
  }

  Id node(bool active = true) {
    model::ComputeNode body;
    body.workflow_id = workflow;
    body.hostname = "h";
    body.start_time = "2026-01-02T03:04:05Z";
    body.compute_node_type = "local";
    body.is_active = active;
    return insert(connection, body);
  }

  void initialize() { initialize_jobs(connection, workflow, {}); }

  std::vector<Id> claim(std::int64_t limit, std::optional<Id> compute_node = {}) {
    std::vector<Id> ids;
    for (const auto& claimed : claim_next_jobs(connection, {workflow, limit, compute_node})) {
      ids.push_back(claimed.id.value());
    }
    return ids;
  }

  model::Result result(Id job_id, Id compute_node) const {
    model::Result body;
    body.job_id = job_id;
    body.workflow_id = workflow;
    body.compute_node_id = compute_node;
    body.completion_time = "2026-01-02T03:04:05Z";
    return body;
  }
  /// Completes a job of any status except blocked and done.
  void complete(Id job_id, model::JobStatus status = model::JobStatus::completed) {
    complete_job(connection, job_id, status, run_id(), result(job_id, 1));
  }

  std::int64_t run_id() { return workflow_status(connection, workflow).run_id; }
  std::string status(Id job_id) { return to_string(get_job(connection, job_id).status.value()); }

  support::TempDir dir;
  Database database{dir / "torc.db"};
  Connection connection{database.open(Connection::Mode::write)};
  Id workflow{0};
};

/// The reason why `action` is refused, or "" if it is not.
template <typename Action>
std::string refusal(Action&& action, Refused::Reason reason) {
  try {
    action();
  } catch (const Refused& error) {
    EXPECT_EQ(static_cast<int>(error.reason()), static_cast<int>(reason)) << error.what();
    return error.what();
  }
  return "";
}

}  // namespace torc::store
