#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "exchange_fixture.hpp"
#include "runner/loop/parts.hpp"
#include "torc/proc/process_tree_guard.hpp"

namespace torc::runner::testing {

/// The jobs of a workflow in memory, instead of a server.
class FakeWorkflow : public FakeApi {
 public:
  std::string server_id() override { return "server"; }
  model::Workflow get_workflow(model::Id) override { return workflow; }
  model::Completion is_workflow_complete(model::Id) override {
    completion.is_complete = completes && claimable.empty();
    return completion;
  }
  std::vector<model::WorkflowAction> list_workflow_actions(model::Id) override { return {}; }

  model::Workflow workflow{};
  model::Completion completion{};
  bool completes{true};  ///< Whether the workflow is complete once all jobs have been claimed.
};

/// The parts of a runner that runs real jobs for a fake server.
class PartsTest : public ::testing::Test {
 protected:
  PartsTest() {
    api.workflow.id = k_workflow;
    api.workflow.compute_node_wait_for_new_jobs_seconds = 90;
    api.workflow.execution_config = R"({"sigterm_lead_seconds": 1, "limit_resources": false})";
    options.workflow_id = k_workflow;
    options.output_directory = directory.file("out");
    options.poll_interval = std::chrono::milliseconds(10);
    options.max_parallel_jobs = 4;
    options.num_cpus = 4;
    options.memory_gb = 1;
    options.num_gpus = 0;
  }

  static model::Job job_with(model::Id id, const std::string& command) {
    model::Job job = job_of(id);
    job.command = command;
    return job;
  }

  /// The parts of a runner that has just started.
  Parts& parts() {
    if (!m_parts) {
      m_parts = std::make_unique<Parts>(api, options, stop.get_token(), [](const Outbox::Delivery&) {});
      api.take_calls();
    }
    return *m_parts;
  }
  /// The content of the journal that a runner leaves for the next one.
  ResultJournal::Left end_runner() {
    m_parts.reset();
    RunnerLog log(directory.file("next.log"));
    return ResultJournal(directory.path() / "out", "server", k_workflow, "next", log).take_over();
  }
  void start(model::Job job) { ASSERT_TRUE(parts().starter.start(job)); }
  /// Repeats until something was reaped.
  bool reap() {
    return wait_until([this] { return parts().reaper.reap(); });
  }

  const proc::ProcessTreeGuard guard;
  const TempDir directory;
  FakeWorkflow api;
  RunnerOptions options;
  std::stop_source stop;

 private:
  std::unique_ptr<Parts> m_parts;
};

}  // namespace torc::runner::testing
