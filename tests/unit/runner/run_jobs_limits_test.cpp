// Limits of jobs and runs, unfit machines, and unavailable servers.
#include <gtest/gtest.h>

#include <thread>

#include "lossy_proxy.hpp"
#include "run_jobs_fixture.hpp"
#include "torc/base/units.hpp"

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

TEST_P(BothServersTest, EndsAJobThatExceedsItsRunTime) {
  create_workflow();
  const auto job = add_job(TORC_HELPER_DAEMONIZE " " + directory.file("daemon") + "; sleep 60", {},
                           add_requirements(1, "1g", "PT1S"));
  add_job("true", {job});
  initialize();
  const auto report = run(options());
  EXPECT_EQ(report.failed, 1);
  const auto result = api->list_results(workflow, {}).items.at(0);
  EXPECT_EQ(result.status, JobStatus::terminated);
  EXPECT_EQ(result.return_code, 152);
  EXPECT_GE(result.exec_time_minutes * 60, 1.0);
  EXPECT_FALSE(lives(pid_in(directory.file("daemon"))));
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::terminated, 1}, {JobStatus::canceled, 1}}));
}

TEST_P(BothServersTest, EndsAJobAtItsLimitIndependentlyOfPolls) {
  create_workflow();
  add_job("sleep 60", {}, add_requirements(1, "1g", "PT1S"));
  initialize();
  auto seldom = options();
  seldom.poll_interval = std::chrono::minutes(1);
  EXPECT_EQ(run(seldom).failed, 1);
  EXPECT_LT(api->list_results(workflow, {}).items.at(0).exec_time_minutes * 60, 10.0);
}

TEST_P(BothServersTest, SendsTheConfiguredSignalBeforeKilling) {
  execution_config = R"({"termination_signal":"SIGUSR1","sigterm_lead_seconds":1,"timeout_exit_code":99})";
  create_workflow();
  add_job("trap 'echo warned >" + directory.file("warned") + "' USR1; while :; do sleep 0.05; done", {},
          add_requirements(1, "1g", "PT1S"));
  initialize();
  run(options());
  EXPECT_EQ(lines("warned"), std::vector<std::string>{"warned"});
  EXPECT_EQ(api->list_results(workflow, {}).items.at(0).return_code, 99);
}

TEST_P(BothServersTest, KillsAJobThatExceedsItsMemory) {
  create_workflow();
  // The whole process tree counts; the shell itself is small.
  add_job(
      "echo $$ >" + directory.file("pid") + "; (x=$(head -c 60000000 /dev/zero | tr '\\0' x); sleep 60; true); true",
      {}, add_requirements(1, "30m"));
  initialize();
  const auto report = run(options());
  EXPECT_EQ(report.failed, 1);
  const auto result = api->list_results(workflow, {}).items.at(0);
  EXPECT_EQ(result.return_code, 137);
  EXPECT_EQ(result.status, JobStatus::failed);
  EXPECT_GT(result.peak_memory_bytes.value_or(0), 30 << 20);
  EXPECT_FALSE(lives(pid_in(directory.file("pid"))));
  const auto event = api->list_events(workflow, {.category = "job", .after_timestamp = {}}).items.at(0).data.dump();
  EXPECT_NE(event.find("job_exceeded_memory"), std::string::npos) << event;
  EXPECT_NE(event.find("of memory, more than the 30"), std::string::npos) << event;
}

TEST_P(BothServersTest, ReportsTheUsageOfJobsAndMachine) {
  model::Workflow body;
  body.name = "test";
  body.user = "tester";
  body.resource_monitor_config =
      R"({"sample_interval_seconds":1,"generate_plots":true,"jobs":{"enabled":true,"granularity":"time_series"},
          "compute_node":{"enabled":true,"granularity":"time_series"}})";
  workflow = api->create_workflow(body).id.value();
  add_job(
      "x=$(head -c 20000000 /dev/zero | tr '\\0' x); end=$((SECONDS + 3)); while [ $SECONDS -lt $end ]; do :; done");
  initialize();
  run(options());
  const auto result = api->list_results(workflow, {}).items.at(0);
  EXPECT_GT(result.peak_memory_bytes.value_or(0), 20'000'000);
  EXPECT_GT(result.avg_memory_bytes.value_or(0), 5'000'000);
  EXPECT_GT(result.peak_cpu_percent.value_or(0), 10);
  EXPECT_GT(result.avg_cpu_percent.value_or(0), 10);
  const auto node = api->list_compute_nodes(workflow, {}).items.at(0);
  EXPECT_GE(node.sample_count.value_or(0), 1);
  EXPECT_GT(node.peak_memory_bytes.value_or(0), 0);
  std::size_t databases = 0;
  std::size_t pages = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory.file("out/resource_utilization"))) {
    databases += entry.path().extension() == ".db" ? 1U : 0U;
    pages += entry.path().extension() == ".html" ? 1U : 0U;
  }
  EXPECT_EQ(databases, 1U);
  EXPECT_GE(pages, 1U);
}

TEST_P(BothServersTest, ReportsOnlyWantedValuesOfTheMachine) {
  model::Workflow body;
  body.name = "test";
  body.user = "tester";
  body.resource_monitor_config = R"({"compute_node":{"enabled":true,"memory":false}})";
  workflow = api->create_workflow(body).id.value();
  add_job("true");
  initialize();
  run(options());
  const auto node = api->list_compute_nodes(workflow, {}).items.at(0);
  EXPECT_TRUE(node.peak_cpu_percent);
  EXPECT_FALSE(node.peak_memory_bytes);
  EXPECT_FALSE(node.avg_memory_bytes);
}

TEST_P(BothServersTest, EnforcesNoLimitsIfDisabled) {
  execution_config = R"({"limit_resources":false})";
  create_workflow();
  add_job("sleep 1.2", {}, add_requirements(1, "1g", "PT1S"));
  initialize();
  EXPECT_EQ(run(options()).completed, 1);
}

TEST_F(RunJobsTest, RequeuesAJobThreeTimesAtTheTimeLimit) {
  create_workflow();
  add_job(note("started") + "; sleep 600");
  initialize();
  auto limited = options();
  limited.time_limit = milliseconds(300);
  limited.max_parallel_jobs = 1;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(run_into_time_limit(limited).requeued, 1) << i;
    EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::ready, 1}})) << i;
  }
  const auto report = run_into_time_limit(limited);
  EXPECT_EQ(report.requeued, 0);
  EXPECT_EQ(report.exit_status(), 1);
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::terminated, 1}}));
  EXPECT_EQ(api->list_results(workflow, {}).items.at(0).return_code, 152);
}

TEST_P(BothServersTest, SendsTheTerminationSignalBeforeItsTimeLimit) {
  create_workflow();
  // Each shell that the signal ends records the time; the job itself ignores the signal.
  add_job("trap 'date +%s%N >>" + directory.file("warned") + "' TERM; while :; do date +%s%N >>" +
          directory.file("alive") + "; sleep 0.02; done");
  initialize();
  auto limited = options();
  limited.time_limit = milliseconds(2500);  // Each takes a tenth: signal after 2.0 s, kill after 2.25 s.
  limited.max_parallel_jobs = 1;
  const auto now = [] {
    return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  };
  const auto begin = now();
  const auto report = run(limited);
  const auto since_begin = [&](const std::string& line) {
    return std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(std::stoll(line))) - begin;
  };
  EXPECT_TRUE(report.timed_out);
  EXPECT_EQ(report.requeued, 1);
  const auto warned = since_begin(lines("warned").at(0));
  const auto alive = since_begin(lines("alive").back());
  EXPECT_GE(warned, milliseconds(2000));
  EXPECT_GT(alive, warned) << "it must have its grace period";
  EXPECT_LT(alive, warned + seconds(1)) << "it must have no more than its grace period";
}

TEST_P(BothServersTest, FailsAJobWithATooLongCommandAndContinues) {
  create_workflow();
  add_job("true " + std::string(200'000, 'x'));  // The kernel limits an argument to 128 KiB (MAX_ARG_STRLEN).
  for (int i = 0; i < 6; ++i) {
    add_job("true " + std::string(200'000, 'y'));
  }
  const auto good = add_job("true");
  initialize();
  auto settings = options();
  settings.max_parallel_jobs = 1;
  const auto report = run(settings);
  EXPECT_EQ(report.failed, 7);
  EXPECT_FALSE(report.unfit) << "the commands are at fault, not the machine";
  EXPECT_EQ(api->get_job(good).status, JobStatus::completed);
  EXPECT_NE(
      api->list_events(workflow, {.category = "job", .after_timestamp = {}}).items.at(0).data.dump().find("too long"),
      std::string::npos);
}

TEST_F(RunJobsTest, FinishesRunningJobsWhenTheServerDrainsIt) {
  worker_timeout = milliseconds(900);  // Heartbeats are sent at a third of it.
  const auto port = server->port();
  server.reset();
  start_server(port);
  create_workflow();
  add_job("touch " + directory.file("started") + "; until [ -e " + directory.file("go") + " ]; do sleep 0.01; done");
  add_job("true");
  initialize();
  auto settings = options();
  settings.max_parallel_jobs = 1;
  RunnerReport report;
  std::jthread runner([&] { report = run(settings); });
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(directory.file("started")); }));
  auto node = api->list_compute_nodes(workflow, {}).items.at(0);
  node.is_draining = true;
  api->update_compute_node(node.id.value(), node);
  const auto beats = [&] { return api->list_compute_nodes(workflow, {}).items.at(0).last_heartbeat; };
  const auto before = beats();
  ASSERT_TRUE(wait_until([&] { return beats() != before; })) << "this answer or the next requests the drain";
  base::write_file_atomically(directory.file("go"), "");
  runner.join();
  EXPECT_TRUE(report.drained);
  EXPECT_EQ(report.completed, 1);
  EXPECT_EQ(report.exit_status(), 0);
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::completed, 1}, {JobStatus::ready, 1}}));
}

TEST_P(BothServersTest, StopsClaimingOnAnUnfitMachine) {
  create_workflow();
  for (int i = 0; i < 20; ++i) {
    add_job("true");
  }
  initialize();
  auto settings = options();
  settings.max_parallel_jobs = 1;
  make_output_directory(settings.output_directory);
  const std::string stdio = directory.file("out/job_stdio");
  std::filesystem::remove(stdio);
  base::write_file_atomically(stdio, "");  // Not a directory, so that not even root can write there.
  // The runner creates the directory, so the test must break it after the start.
  EXPECT_THROW(run(settings), base::Error);
  std::filesystem::remove(stdio);
  RunnerReport report;
  const auto own = connect();
  bool broken = false;
  report = run_jobs(*own, settings, {}, [&](const RunnerReport& now, std::int64_t) {
    if (now.completed >= 2 && !broken) {
      broken = true;
      std::filesystem::remove_all(stdio);
    }
  });
  EXPECT_TRUE(report.unfit);
  EXPECT_EQ(report.failed, 5);
  EXPECT_EQ(report.exit_status(), 1);
  const auto after = states();
  EXPECT_EQ(after.at(JobStatus::failed), 5);
  EXPECT_GE(after.at(JobStatus::ready), 10) << "they are left for other machines";
  EXPECT_NE(
      api->list_events(workflow, {.category = "job", .after_timestamp = {}}).items.at(0).data.dump().find("job_stdio"),
      std::string::npos);
}

TEST_P(BothServersTest, DrainsOnRequest) {
  create_workflow();
  add_job("touch " + directory.file("started") + "; until [ -e " + directory.file("go") + " ]; do sleep 0.01; done");
  add_job("true");
  initialize();
  auto settings = options();
  settings.max_parallel_jobs = 1;
  std::stop_source drain;
  settings.drain = drain.get_token();
  RunnerReport report;
  std::jthread runner([&] { report = run(settings); });
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(directory.file("started")); }));
  drain.request_stop();
  base::write_file_atomically(directory.file("go"), "");
  runner.join();
  EXPECT_TRUE(report.drained);
  EXPECT_EQ(report.completed, 1);
  EXPECT_EQ(report.exit_status(), 0);
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::completed, 1}, {JobStatus::ready, 1}}));
}

TEST_P(BothServersTest, DrainsAtOnceWhileItWaitsForWork) {
  create_workflow();
  add_job("true");  // Not initialised: there is nothing to claim.
  auto settings = options();
  settings.poll_interval = seconds(60);
  std::stop_source drain;
  settings.drain = drain.get_token();
  RunnerReport report;
  std::jthread runner([&] { report = run(settings); });
  ASSERT_TRUE(wait_until([&] { return !api->list_compute_nodes(workflow, {}).items.empty(); }));
  const auto begin = std::chrono::steady_clock::now();
  drain.request_stop();
  runner.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(10));
  EXPECT_TRUE(report.drained);
}

TEST_F(RunJobsTest, GetsNoMoreJobsWhenTheServerDrainsIt) {
  create_workflow();
  const auto job = add_job("true");
  initialize();
  auto node = add_node();
  EXPECT_FALSE(api->send_heartbeat(*node.id).is_draining);
  node.is_draining = true;
  api->update_compute_node(*node.id, node);
  EXPECT_TRUE(api->send_heartbeat(*node.id).is_draining);
  EXPECT_TRUE(api->claim_next_jobs(workflow, 1, {.compute_node_id = *node.id}).empty());
  EXPECT_EQ(api->get_job(job).status, JobStatus::ready);
}

TEST_P(BothServersTest, DoesNotWaitForWorkCloseToItsTimeLimit) {
  create_workflow();
  add_job("true");  // Not initialised: there is nothing to claim.
  auto settings = options();
  settings.time_limit = seconds(60);
  const auto begin = std::chrono::steady_clock::now();
  const auto report = run(settings);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(20));
  EXPECT_FALSE(report.stopped);
}

TEST_P(BothServersTest, StaysAfterTheEndOfTheWorkflowIfConfigured) {
  model::Workflow body;
  body.name = "test";
  body.user = "tester";
  body.compute_node_ignore_workflow_completion = true;
  workflow = api->create_workflow(body).id.value();
  add_job(note("started"));
  initialize();
  auto settings = options();
  settings.time_limit = seconds(2);
  const auto begin = std::chrono::steady_clock::now();
  const auto report = run_into_time_limit(settings);
  EXPECT_GT(std::chrono::steady_clock::now() - begin, seconds(1));
  EXPECT_EQ(report.completed, 1);
  EXPECT_TRUE(report.timed_out);
}

TEST_P(BothServersTest, AssignsGpusByIndex) {
  create_workflow();
  const auto one = add_requirements(1, "1g", "PT1M", 1);
  for (int i = 0; i < 2; ++i) {
    add_job("echo $CUDA_VISIBLE_DEVICES $TORC_GPU_VISIBLE_DEVICES >>" + directory.file("gpus") + "; until [ $(wc -l <" +
                directory.file("gpus") + ") = 2 ]; do sleep 0.01; done",
            {}, one);
  }
  initialize();
  auto settings = options();
  settings.num_gpus = 2;
  EXPECT_EQ(run(settings).completed, 2);
  auto seen = lines("gpus");
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<std::string>{"0 0", "1 1"}));
}

TEST_P(BothServersTest, LeavesResultsForTheNextRunWhenTheServerIsGoneForGood) {
  create_workflow(90, 0);
  add_job("until [ -e " + directory.file("go") + " ]; do sleep 0.01; done; touch " + directory.file("done"));
  add_job("until [ -e " + directory.file("done") + " ]; do sleep 0.01; done; sleep 0.3; exit 7");
  const auto unfinished = add_job("sleep 60");
  initialize();
  std::string message;
  auto settings = options();
  settings.poll_interval = seconds(60);
  LossyProxy proxy(server->port());
  std::jthread runner([&] {
    try {
      const auto own = connect(proxy.url());
      run_jobs(*own, settings, {});
    } catch (const base::ApiError& error) {
      message = error.what();
    }
  });
  // The last call of its first turn; after that it makes no call until a job ends.
  ASSERT_TRUE(wait_until([&] { return states()[JobStatus::running] == 3 && proxy.answered("is_complete") == 1; }));
  const auto port = server->port();
  api.reset();
  server.reset();
  base::write_file_atomically(directory.file("go"), "");
  runner.join();
  ASSERT_NE(message.find("undelivered_results_"), std::string::npos) << message;
  start_server(port);
  api = connect();
  ASSERT_EQ(states()[JobStatus::running], 3);
  std::stop_source stop;
  RunnerReport report;
  std::jthread heir([&] {
    const auto own = connect(proxy.url());  // A server without an ID is identified by its address.
    report = run_jobs(*own, options(), stop.get_token());
  });
  EXPECT_TRUE(wait_until([&] { return states()[JobStatus::completed] == 1; }));
  // The job that the first runner ended without reporting it is requeued, and runs again.
  const auto attempt = [&] { return api->get_job(unfinished).attempt_id; };
  EXPECT_TRUE(wait_until([&] { return attempt() > 1 && api->get_job(unfinished).status == JobStatus::running; }));
  stop.request_stop();
  heir.join();
  EXPECT_EQ(report.completed, 0) << "the completed job was the first runner's";
  EXPECT_FALSE(
      std::filesystem::exists(message.substr(message.find("/"), message.find(".jsonl") + 6 - message.find("/"))));
}

}  // namespace
}  // namespace torc::runner
