// Which jobs are claimed, when, and the settings of claimed jobs.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "lossy_proxy.hpp"
#include "run_jobs_fixture.hpp"

namespace torc::runner {
namespace {

using model::JobStatus;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::BothServersTest;
using testing::lives;
using testing::LossyProxy;
using testing::pid_in;
using testing::RunJobsTest;
using testing::wait_until;

TEST_P(BothServersTest, ClaimsNoJobThatNeedsMoreTimeThanIsLeft) {
  create_workflow(0);
  add_job("true", {}, add_requirements(1, "1g", "PT10M"));
  const auto fits = add_job("true", {}, add_requirements(1, "1g", "PT10S"));
  initialize();
  auto settings = options();
  settings.time_limit = seconds(60);
  EXPECT_EQ(run(settings).completed, 1);
  EXPECT_EQ(api->get_job(fits).status, JobStatus::completed);
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::completed, 1}, {JobStatus::ready, 1}}));
}

TEST_P(BothServersTest, ClaimsNoJobForSeveralNodes) {
  create_workflow(0);
  model::ResourceRequirements two_nodes;
  two_nodes.workflow_id = workflow;
  two_nodes.name = "two nodes";
  two_nodes.num_nodes = 2;
  two_nodes.memory = "1m";
  two_nodes.runtime = "PT1M";
  add_job("true", {}, api->create_resource_requirements(two_nodes).id);
  add_job("true");
  initialize();
  EXPECT_EQ(run(options()).completed, 1);
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::completed, 1}, {JobStatus::ready, 1}}));
}

TEST_P(BothServersTest, AppliesTheSettingsOfWorkflowAndJob) {
  execution_config = R"({"stdio": {"mode": "combined"}})";
  create_workflow();
  model::Job body;
  body.workflow_id = workflow;
  body.name = "wrapped";
  body.command = "two words";
  body.invocation_script = "printf '%s|%s|%s\\n' \"$PWD\" $TORC_JOB_NAME/$TORC_ATTEMPT_ID";
  const auto job = api->create_job(body).id.value();
  add_job("[ $(ps -o sid= -p $$) = $$ ]");
  initialize();
  EXPECT_EQ(run(options()).completed, 2);
  EXPECT_EQ(base::read_file(directory.file("out/job_stdio/job_wf1_j" + std::to_string(job) + "_r1_a1.log")),
            std::filesystem::current_path().string() + "|wrapped/1|two\nwords||\n");
}

TEST_P(BothServersTest, ReportsAMemoryKillWithTheConfiguredCode) {
  execution_config = R"({"sigterm_lead_seconds": 1, "oom_exit_code": 77})";
  create_workflow();
  add_job("x=$(head -c 60000000 /dev/zero | tr '\\0' x); sleep 60; true", {}, add_requirements(1, "30m"));
  initialize();
  EXPECT_EQ(run(options()).failed, 1);
  EXPECT_EQ(api->list_results(workflow, {}).items.at(0).return_code, 77);
}

TEST_P(BothServersTest, PollsAtItsIntervalWhileJobsRun) {
  create_workflow();
  add_job("until [ -e " + directory.file("go") + " ]; do sleep 0.01; done");
  initialize();
  LossyProxy proxy(server->port());
  auto settings = options();
  settings.poll_interval = milliseconds(300);
  RunnerReport report;
  std::jthread runner([&] {
    const auto own = connect(proxy.url());
    report = run_jobs(*own, settings, {});
  });
  // The first poll is at the start, each further one after an interval.
  const auto looks = [&] { return proxy.seen("is_complete"); };
  ASSERT_TRUE(wait_until([&] { return looks() >= 1; }));
  const auto begin = std::chrono::steady_clock::now();
  const int before = looks();
  ASSERT_TRUE(wait_until([&] { return looks() >= before + 3; }));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(600));
  base::write_file_atomically(directory.file("go"), "");
  runner.join();
  EXPECT_EQ(report.completed, 1);
}

TEST_P(BothServersTest, SpreadsTheFirstPollsOfWorkers) {
  execution_config = R"({"staggered_start": true})";
  create_workflow();
  add_job("true");
  initialize();
  auto worker = options();
  worker.poll_interval = seconds(is_plain ? 2 : 60);
  worker.worker = WorkerIdentity{.address = "ws1", .key = "ws1", .state_directory = directory.file("state")};
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(run(worker).completed, 1);
  const auto took = std::chrono::steady_clock::now() - begin;
  if (is_plain) {
    EXPECT_GE(took, seconds(1)) << "at least half of the interval";
  } else {
    EXPECT_LT(took, seconds(20)) << "parked claims need no spreading";
  }
}

TEST_F(RunJobsTest, EndsWhenTheServerDrainsIt) {
  create_workflow();
  add_job("true");
  initialize();
  LossyProxy proxy(server->port());
  proxy.lose("heartbeat", 1000);  // The runner claims nothing before its first heartbeat is answered.
  RunnerReport report;
  std::jthread runner([&] {
    const auto own = connect(proxy.url());
    report = run_jobs(*own, options(), {});
  });
  ASSERT_TRUE(wait_until([&] { return proxy.lost() >= 1; }));
  auto node = api->list_compute_nodes(workflow, {}).items.at(0);
  node.is_draining = true;
  api->update_compute_node(node.id.value(), node);
  proxy.lose("", 0);
  runner.join();
  EXPECT_TRUE(report.drained);
  EXPECT_EQ(report.exit_status(), 0);
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::ready, 1}}));
}

TEST_P(BothServersTest, EndsAJobThatIsClaimedAgainBeforeRestartingIt) {
  create_workflow();
  const std::string one_run = TORC_HELPER_DAEMONIZE " " + directory.file("daemon$RUN") + "; until [ -e " +
                              directory.file("go") + " ]; do sleep 0.02; done";
  const auto job = add_job("RUN=$(($(cat " + directory.file("log") + " 2>/dev/null | wc -l) + 1)); echo $RUN >>" +
                               directory.file("log") + "; " + one_run,
                           {}, add_requirements(1, "1g"));
  initialize();
  auto settings = options();
  settings.num_cpus = 2;  // Each further run fits only if the previous one has freed its resources.
  RunnerReport report;
  std::jthread runner([&] { report = run(settings); });
  const auto daemon_of = [&](int number) { return directory.file("daemon" + std::to_string(number)); };
  constexpr int k_runs = 4;
  for (int number = 1; number < k_runs; ++number) {
    EXPECT_TRUE(wait_until([&] { return std::filesystem::exists(daemon_of(number)); })) << number;
    api->reset_workflow_status(workflow, /*force=*/true);
    api->reset_job_status(workflow, /*failed_only=*/false);
    initialize();
  }
  EXPECT_TRUE(wait_until([&] { return std::filesystem::exists(daemon_of(k_runs)); }));
  for (int number = 1; number < k_runs; ++number) {
    EXPECT_FALSE(lives(pid_in(daemon_of(number)))) << number;
  }
  base::write_file_atomically(directory.file("go"), "");
  runner.join();
  EXPECT_EQ(report.completed, 1);
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(api->get_job(job).status, JobStatus::completed);
}

// Claims of torc 0.23 do not contain the run, so a runner notices a new run only when it starts a job.
TEST_F(RunJobsTest, DoesNotRequeueAJobOfAnotherRunnerInTheNextRun) {
  create_workflow();
  const auto job = add_job("touch " + directory.file("started") + "; sleep 60", {}, add_requirements(1, "1g"));
  initialize();
  LossyProxy proxy(server->port());
  const auto own = connect(proxy.url());
  std::stop_source stop;
  std::jthread runner([&] { run_jobs(*own, options(), stop.get_token()); });
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(directory.file("started")); }));
  proxy.cut(true);  // So that the other runner is first.
  api->reset_workflow_status(workflow, /*force=*/true);
  api->reset_job_status(workflow, /*failed_only=*/false);
  initialize();
  const auto other = add_node();
  ASSERT_EQ(api->claim_next_jobs(workflow, 1, {.compute_node_id = *other.id}).size(), 1U);
  api->start_job(job, api->get_workflow_status(workflow).run_id, *other.id);
  proxy.cut(false);
  ASSERT_TRUE(wait_until([&] {
    for (const auto& file : std::filesystem::directory_iterator(directory.path() / "out")) {
      if (file.is_regular_file() &&
          base::read_file(file.path()).find("run 2 of the workflow has begun") != std::string::npos) {
        return true;
      }
    }
    return false;
  }));
  stop.request_stop();
  runner.join();
  EXPECT_EQ(api->get_job(job).status, JobStatus::running);
  EXPECT_EQ(api->get_job(job).attempt_id, 1);
}

}  // namespace
}  // namespace torc::runner
