// Summaries of a workflow.

#include "torc/store/overview.hpp"

#include "unit/store/store_fixture.hpp"

namespace torc::store {

TEST_F(StoreTest, RequirementsOfReadyJobsAreAddedUp) {
  model::ResourceRequirements big;
  big.workflow_id = workflow;
  big.name = "big";
  big.num_cpus = 4;
  big.num_gpus = 1;
  big.num_nodes = 2;
  const Id big_id = insert(connection, big);
  record_amounts(connection, big_id, std::int64_t{2} << 30, 7200);
  for (const char* name : {"a", "b"}) {
    auto body = job_body(name);
    body.resource_requirements_id = big_id;
    body.scheduler_id = 7;
    create(body);
  }
  const Id small = job("small");
  job("blocked", {small});
  EXPECT_EQ(ready_job_requirements(connection, workflow, {}).num_jobs, 0);
  initialize();
  const auto all = ready_job_requirements(connection, workflow, {});
  EXPECT_EQ(all.num_jobs, 3);
  EXPECT_EQ(all.num_cpus, 9);
  EXPECT_EQ(all.num_gpus, 2);
  EXPECT_EQ(all.max_num_nodes, 2);
  EXPECT_EQ(all.max_runtime, "PT2H");
  EXPECT_NEAR(all.memory_gb, 4 + 1.0 / 1024, 1e-9);
  EXPECT_EQ(ready_job_requirements(connection, workflow, 7).num_jobs, 2);
  EXPECT_EQ(ready_job_requirements(connection, workflow, 8).max_runtime, "PT0S");
}

TEST_F(StoreTest, ASummaryCountsJobsNodesAndTimes) {
  const Id a = job("a");
  const Id b = job("b");
  job("c", {a, b});
  auto before = summarize(connection, workflow);
  EXPECT_EQ(before.jobs.at(model::JobStatus::uninitialized), 3);
  EXPECT_FALSE(before.first_start.has_value());
  initialize();
  node(true);
  node(false);
  auto first = result(a, 1);
  first.completion_time = "2026-01-02T03:05:00Z";
  first.exec_time_minutes = 1;
  complete_job(connection, a, model::JobStatus::completed, 0, first);
  auto second = result(b, 1);
  second.completion_time = "2026-01-02T04:05:01.5+01:00";
  second.exec_time_minutes = 0.5;
  complete_job(connection, b, model::JobStatus::completed, 0, second);
  const auto summary = summarize(connection, workflow);
  EXPECT_EQ(summary.jobs.size(), model::k_job_statuses.size());
  EXPECT_EQ(summary.jobs.at(model::JobStatus::completed), 2);
  EXPECT_EQ(summary.jobs.at(model::JobStatus::ready), 1);
  EXPECT_FALSE(summary.is_complete);
  EXPECT_EQ(summary.active_compute_nodes, 1);
  EXPECT_DOUBLE_EQ(summary.exec_time_minutes, 1.5);
  EXPECT_NEAR(summary.last_end.value() - summary.first_start.value(), 61.5, 0.001);
  EXPECT_NE(refusal([&] { summarize(connection, 99); }, Refused::Reason::not_found), "");
}

}  // namespace torc::store
