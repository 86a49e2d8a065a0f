// Runners that are lost, because of an outage of the network or a request, and runners that are not.

#include <gtest/gtest.h>

#include <future>

#include "lossy_proxy.hpp"
#include "run_jobs_fixture.hpp"
#include "runner/exchange/job_exchange.hpp"
#include "runner/runner_log.hpp"

namespace torc::runner {
namespace {

using model::JobStatus;
using std::chrono::milliseconds;
using testing::lives;
using testing::LossyProxy;
using testing::pid_in;
using testing::RunJobsTest;
using testing::wait_until;

class RunJobsLostTest : public RunJobsTest {
 protected:
  void restart_server(milliseconds timeout) {
    server.reset();
    worker_timeout = timeout;
    start_server(0);
    api = connect();
  }
  /// Runs a runner in the background, through the proxy.
  std::future<RunnerReport> run_behind(LossyProxy& proxy) {
    return std::async(std::launch::async, [this, &proxy] {
      const auto own = connect(proxy.url());
      auto with = options();
      with.api_url = proxy.url();
      return run_jobs(*own, with, {});
    });
  }
  /// A command that sleeps at its first run, whose pid it records, and ends at once when it is run again.
  std::string sleeps_once(const std::string& name) const {
    const std::string file = directory.file(name);
    return "if [ -s " + file + " ]; then " + note(name) + "; else echo $$ >" + file + "; sleep 100; fi";
  }
  std::int64_t attempt_of(model::Id job) { return api->get_job(job).attempt_id.value(); }
  std::vector<model::Result> results() { return api->list_results(workflow, {}).items; }
  std::string log() const {
    std::string text;
    for (const auto& entry : std::filesystem::directory_iterator(directory.file("out"))) {
      if (entry.path().extension() == ".log") {
        text += base::read_file(entry.path());
      }
    }
    return text;
  }
};

TEST_F(RunJobsLostTest, ALostRunnerEndsItsJobsAndContinuesAsAnotherNode) {
  restart_server(milliseconds(600));
  LossyProxy proxy(server->port());
  create_workflow();
  const auto running = add_job(sleeps_once("first"));
  const std::string go = directory.file("go");
  const auto finished = add_job("until [ -e " + go + " ]; do sleep 0.01; done; " + note("finished"));
  initialize();
  auto report = run_behind(proxy);
  const pid_t first = pid_in(directory.file("first"));
  ASSERT_TRUE(wait_until([&] { return api->get_job(finished).status == JobStatus::running; }));
  proxy.cut(true);
  base::write_file_atomically(go, "");
  ASSERT_TRUE(wait_until([&] { return attempt_of(running) == 2 && attempt_of(finished) == 2; }));
  EXPECT_TRUE(lives(first)) << "the runner does not know of the loss yet";
  proxy.cut(false);
  const auto done = report.get();
  EXPECT_FALSE(lives(first));
  EXPECT_EQ(done.completed, 2);
  EXPECT_EQ(done.failed, 0);
  const auto nodes = api->list_compute_nodes(workflow, {}).items;
  ASSERT_EQ(nodes.size(), 2U);
  for (const auto& result : results()) {
    EXPECT_EQ(result.attempt_id, 2);
    EXPECT_EQ(result.compute_node_id, nodes[1].id);
  }
  EXPECT_EQ(results().size(), 2U) << "each job must have one result";
  EXPECT_NE(log().find("attempt 1, was ended"), std::string::npos) << log();
  EXPECT_NE(log().find("was refused"), std::string::npos) << log();
  EXPECT_EQ(log().find("already reported"), std::string::npos) << log();
  for (const auto& entry : std::filesystem::directory_iterator(directory.file("out"))) {
    EXPECT_EQ(entry.path().string().find("undelivered"), std::string::npos) << "lost results must not be kept";
  }
}

TEST_F(RunJobsLostTest, AShortOutageChangesNothing) {
  restart_server(milliseconds(20'000));
  LossyProxy proxy(server->port());
  create_workflow();
  const std::string go = directory.file("go");
  const auto job = add_job("until [ -e " + go + " ]; do sleep 0.01; done; " + note("done"));
  initialize();
  auto report = run_behind(proxy);
  ASSERT_TRUE(wait_until([&] { return api->get_job(job).status == JobStatus::running; }));
  proxy.cut(true);
  base::write_file_atomically(go, "");
  ASSERT_TRUE(wait_until([&] { return log().find("does not answer") != std::string::npos; }));
  proxy.cut(false);
  EXPECT_EQ(report.get().completed, 1);
  ASSERT_EQ(results().size(), 1U);
  EXPECT_EQ(results()[0].attempt_id, 1);
  EXPECT_EQ(lines("log").size(), 1U) << "it must run once";
  EXPECT_EQ(api->list_compute_nodes(workflow, {}).items.size(), 1U);
}

TEST_F(RunJobsLostTest, ADeactivatedNodeRequeuesItsJobsAndContinues) {
  restart_server(milliseconds(1'000));
  create_workflow();
  const auto job = add_job(sleeps_once("first"));
  initialize();
  auto report = std::async(std::launch::async, [&] { return run(options()); });
  const pid_t first = pid_in(directory.file("first"));
  auto node = api->list_compute_nodes(workflow, {}).items.at(0);
  node.is_active = false;
  api->update_compute_node(node.id.value(), node);
  EXPECT_EQ(report.get().completed, 1);
  EXPECT_FALSE(lives(first));
  ASSERT_EQ(results().size(), 1U);
  EXPECT_EQ(attempt_of(job), 2);
}

TEST_F(RunJobsLostTest, AStopDoesNotRequeueJobsOfOtherRunners) {
  restart_server(milliseconds(500));
  LossyProxy proxy(server->port());
  create_workflow();
  const auto job = add_job("echo $$ >" + directory.file("pid") + "; sleep 100");
  initialize();
  std::stop_source stop;
  auto report = std::async(std::launch::async, [&] {
    const auto own = connect(proxy.url());
    return run_jobs(*own, options(), stop.get_token());
  });
  pid_in(directory.file("pid"));
  proxy.cut(true);
  ASSERT_TRUE(wait_until([&] { return attempt_of(job) == 2; }));
  const auto run_id = api->get_workflow_status(workflow).run_id;
  auto other = api->list_compute_nodes(workflow, {}).items.at(0);
  other.is_active = true;
  const client::Claimer claimer{.compute_node_id = api->create_compute_node(other).id.value(), .start_run = run_id};
  ASSERT_EQ(api->claim_next_jobs(workflow, 1, claimer).size(), 1U);
  proxy.cut(false);
  stop.request_stop();
  EXPECT_EQ(report.get().requeued, 0);
  EXPECT_EQ(api->get_job(job).status, JobStatus::running);
  EXPECT_EQ(attempt_of(job), 2);
}

TEST_F(RunJobsLostTest, AnUnstartedJobIsRequeuedOnlyIfItIsUnchanged) {
  create_workflow();
  const auto job = add_job("true");
  initialize();
  const auto node = add_node();
  const client::Claimer claimer{.compute_node_id = *node.id};  // Its jobs are pending.
  const auto run_id = api->get_workflow_status(workflow).run_id;
  const auto left = api->claim_next_jobs(workflow, 1, claimer).at(0);
  ASSERT_EQ(api->get_job(job).status, JobStatus::pending);
  RunnerLog log(directory.file("log"));
  JobExchange exchange(*api, workflow, run_id, *node.id, log);
  const ResultJournal::Requeue unstarted{.job = left, .run_id = run_id};

  exchange.requeue(unstarted);
  EXPECT_EQ(api->get_job(job).status, JobStatus::ready);

  api->claim_next_jobs(workflow, 1, claimer);
  api->start_job(job, run_id, *node.id);
  exchange.requeue(unstarted);
  EXPECT_EQ(api->get_job(job).status, JobStatus::running);

  api->retry_job(job, run_id, 5, left.attempt_id);
  api->claim_next_jobs(workflow, 1, claimer);
  exchange.requeue(unstarted);
  EXPECT_EQ(api->get_job(job).status, JobStatus::pending) << "another attempt";
}

}  // namespace
}  // namespace torc::runner
