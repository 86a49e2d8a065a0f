// The runner with real processes and a real server.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "lossy_proxy.hpp"
#include "run_jobs_fixture.hpp"
#include "torc/base/units.hpp"
#include "torc/proc/spawn.hpp"

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

INSTANTIATE_TEST_SUITE_P(Runner, BothServersTest, ::testing::Bool(), testing::server_name);

TEST_P(BothServersTest, RunsAWorkflowToItsEnd) {
  create_workflow();
  const auto first = add_job("echo out; echo err >&2");
  const auto left = add_job("[ \"$TORC_JOB_NAME\" = job2 ]", {first});
  const auto right = add_job("[ \"$TORC_OUTPUT_DIR\" = " + directory.file("out") + " ]", {first});
  add_job("true", {left, right});
  initialize();
  auto patient = options();
  patient.poll_interval = seconds(60);  // The test must not have to wait for a poll.
  std::int64_t most_running = 0;
  const auto started = std::chrono::steady_clock::now();
  const auto report = run_jobs(*api, patient, {}, [&](const RunnerReport&, std::int64_t running) {
    most_running = std::max(most_running, running);
  });
  EXPECT_LT(std::chrono::steady_clock::now() - started, seconds(20));
  EXPECT_EQ(report.completed, 4);
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(report.exit_status(), 0);
  EXPECT_FALSE(report.stopped || report.canceled);
  EXPECT_GE(most_running, 1);
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::completed, 4}}));
  const std::string base = directory.file("out/job_stdio/job_wf1_j" + std::to_string(first) + "_r1_a1");
  EXPECT_EQ(base::read_file(base + ".o"), "out\n");
  EXPECT_EQ(base::read_file(base + ".e"), "err\n");
  EXPECT_TRUE(std::filesystem::exists(directory.file("out/job_runner_" + proc::host_name() + "_wf1_r1.log")));

  const auto nodes = api->list_compute_nodes(workflow, {}).items;
  ASSERT_EQ(nodes.size(), 1U);
  EXPECT_EQ(nodes[0].is_active, false);
  EXPECT_EQ(nodes[0].num_cpus, 4);
  EXPECT_EQ(nodes[0].pid, ::getpid());
  EXPECT_GT(nodes[0].duration_seconds.value_or(-1), 0);
  for (const auto& result : api->list_results(workflow, {}).items) {
    EXPECT_EQ(result.compute_node_id, nodes[0].id);
    EXPECT_EQ(result.attempt_id, 1);
    EXPECT_TRUE(base::parse_timestamp(result.completion_time)) << result.completion_time;
  }
}

TEST_P(BothServersTest, ReportsHowJobsFailed) {
  create_workflow();
  const auto signaled = add_job("kill -9 $$");
  const auto failed = add_job("exit 3");
  const auto not_started = add_job(std::string(200'000, 'x'));
  add_job("true");
  initialize();
  const auto report = run(options());
  EXPECT_EQ(report.completed, 1);
  EXPECT_EQ(report.failed, 3);
  EXPECT_EQ(report.exit_status(), 1);
  std::map<model::Id, std::int64_t> codes;
  for (const auto& result : api->list_results(workflow, {}).items) {
    codes[result.job_id] = result.return_code;
  }
  EXPECT_EQ(codes[signaled], 137);
  EXPECT_EQ(codes[failed], 3);
  EXPECT_EQ(codes[not_started], 126);
  bool told = false;
  for (const auto& event : api->list_events(workflow, {}).items) {
    if (event.data.value("event_type", "") == "job_start_failed") {
      told = true;
      EXPECT_EQ(event.data["job_id"], not_started);
      EXPECT_NE(event.data["message"].get<std::string>().find("Argument list too long"), std::string::npos);
    }
  }
  EXPECT_TRUE(told);
}

TEST_P(BothServersTest, RunsEachJobOnceWithThreeRunners) {
  create_workflow();
  for (int chain = 0; chain < 20; ++chain) {
    std::vector<model::Id> before;
    for (int link = 0; link < 3; ++link) {
      before = {add_job(note("$TORC_JOB_ID"), before)};
    }
  }
  initialize();
  std::vector<RunnerReport> reports(3);
  {
    std::vector<std::jthread> runners;
    for (auto& report : reports) {
      runners.emplace_back([&] {
        auto three_at_once = options();
        three_at_once.max_parallel_jobs = 3;
        report = run(three_at_once);
      });
    }
  }
  const auto log = lines("log");
  EXPECT_EQ(log.size(), 60U);
  EXPECT_EQ(std::set<std::string>(log.begin(), log.end()).size(), 60U);
  EXPECT_EQ(reports[0].completed + reports[1].completed + reports[2].completed, 60);
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::completed, 60}}));
  EXPECT_EQ(api->list_results(workflow, {}).items.size(), 60U);
}

TEST_P(BothServersTest, NeverExceedsItsCapacity) {
  create_workflow();
  const auto one = add_requirements(1, "1g");
  const auto three = add_requirements(3, "1g");
  const auto much_memory = add_requirements(1, "5g");
  const auto job = [&](const std::string& cpus, const std::string& gb, model::Id needs) {
    add_job(note("+ " + cpus + " " + gb) + "; sleep 0.03; " + note("- " + cpus + " " + gb), {}, needs);
  };
  for (int i = 0; i < 8; ++i) {
    job("1", "1", one);
    job("3", "1", three);
    job("1", "5", much_memory);
  }
  initialize();
  EXPECT_EQ(run(options()).completed, 24);
  int cpus = 0;
  int memory = 0;
  int most_cpus = 0;
  for (const auto& line : lines("log")) {
    const auto words = base::split(line, ' ');
    const int sign = words.at(0) == "+" ? 1 : -1;
    cpus += sign * std::stoi(words.at(1));
    memory += sign * std::stoi(words.at(2));
    most_cpus = std::max(most_cpus, cpus);
    ASSERT_LE(cpus, 4);
    ASSERT_LE(memory, 8);
  }
  EXPECT_EQ(most_cpus, 4) << "all CPUs must be used";
}

TEST_P(BothServersTest, RespectsTheMaximumOfParallelJobs) {
  create_workflow();
  for (int i = 0; i < 10; ++i) {
    add_job(note("+") + "; sleep 0.03; " + note("-"));
  }
  initialize();
  auto two = options();
  two.max_parallel_jobs = 2;
  EXPECT_EQ(run(two).completed, 10);
  int running = 0;
  int most = 0;
  for (const auto& line : lines("log")) {
    running += line == "+" ? 1 : -1;
    most = std::max(most, running);
  }
  EXPECT_EQ(most, 2);
}

TEST_P(BothServersTest, RequeuesJobsAtAStopAndLeavesNoProcess) {
  create_workflow();
  add_job(TORC_HELPER_DAEMONIZE " " + directory.file("daemon") + " ignore-term; sleep 60");
  add_job("trap '' TERM; echo $$ >" + directory.file("deaf") + "; while :; do sleep 60; done");
  add_job("sleep 60 & echo $! >" + directory.file("background") + "; wait");
  add_job("true", {1});
  initialize();
  std::stop_source stop;
  RunnerReport report;
  std::jthread runner([&] { report = run(options(), stop.get_token()); });
  const std::vector<pid_t> pids{pid_in(directory.file("daemon")), pid_in(directory.file("deaf")),
                                pid_in(directory.file("background"))};
  stop.request_stop();
  runner.join();
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(report.requeued, 3);
  EXPECT_EQ(report.exit_status(), 0);
  for (const pid_t pid : pids) {
    EXPECT_FALSE(lives(pid)) << pid;
  }
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::ready, 3}, {JobStatus::blocked, 1}}));
  EXPECT_EQ(api->get_job(1).attempt_id, 2);
  EXPECT_EQ(api->list_compute_nodes(workflow, {}).items.at(0).is_active, false);
}

TEST_P(BothServersTest, RequeuesJobsAtAKillWithoutWaitingForThem) {
  execution_config = R"({"sigterm_lead_seconds": 600})";
  create_workflow();
  add_job("trap '' TERM; echo $$ >" + directory.file("deaf") + "; while :; do sleep 60; done");
  initialize();
  std::stop_source stop;
  std::stop_source kill_now;
  auto settings = options();
  settings.kill_now = kill_now.get_token();
  RunnerReport report;
  std::jthread runner([&] { report = run(settings, stop.get_token()); });
  const pid_t deaf = pid_in(directory.file("deaf"));
  const auto begin = std::chrono::steady_clock::now();
  stop.request_stop();
  kill_now.request_stop();
  runner.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
  EXPECT_EQ(report.requeued, 1);
  EXPECT_FALSE(lives(deaf));
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::ready, 1}}));
}

TEST_P(BothServersTest, StopsAtItsTimeLimit) {
  create_workflow();
  add_job(note("started") + "; sleep 600");
  initialize();
  auto limited = options();
  limited.time_limit = seconds(1);
  limited.max_parallel_jobs = 1;  // A claim by resources would exclude the job, which may take longer.
  const auto report = run_into_time_limit(limited);
  EXPECT_TRUE(report.stopped);
  EXPECT_TRUE(report.timed_out);
  EXPECT_EQ(report.requeued, 1);
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::ready, 1}}));
}

TEST_P(BothServersTest, EndsJobsOfACanceledWorkflow) {
  create_workflow();
  add_job("echo $$ >" + directory.file("pid") + "; sleep 60");
  add_job("sleep 60", {1});
  initialize();
  RunnerReport report;
  std::jthread runner([&] { report = run(options()); });
  const pid_t pid = pid_in(directory.file("pid"));
  api->cancel_workflow(workflow);
  runner.join();
  EXPECT_TRUE(report.canceled);
  EXPECT_EQ(report.completed + report.failed + report.requeued, 0);
  EXPECT_FALSE(lives(pid));
  const auto after = states();
  EXPECT_FALSE(after.contains(JobStatus::running) || after.contains(JobStatus::pending));
}

TEST_P(BothServersTest, EndsWhatFinishedJobsLeaveBehind) {
  create_workflow();
  add_job(TORC_HELPER_DAEMONIZE " " + directory.file("daemon"));
  add_job("sleep 60 & echo $! >" + directory.file("background"));
  initialize();
  EXPECT_EQ(run(options()).completed, 2);
  EXPECT_FALSE(lives(pid_in(directory.file("daemon"))));
  EXPECT_FALSE(lives(pid_in(directory.file("background"))));
}

TEST_P(BothServersTest, EndsIfThereIsNoJobThatItCanRun) {
  create_workflow(0);
  add_job("true", {}, add_requirements(100, "1g"));
  initialize();
  const auto report = run(options());
  EXPECT_EQ(report.completed, 0);
  EXPECT_FALSE(report.stopped);
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::ready, 1}}));
}

TEST_F(RunJobsTest, StaysOnAWorkerUntilTheWorkflowEnds) {
  create_workflow(0);
  add_job("true", {}, add_requirements(100, "1g"));
  initialize();
  base::Pipe ready = base::Pipe::create();
  auto on_worker = options();
  on_worker.worker = WorkerIdentity{.address = "alice@ws3:2222",
                                    .key = "alice_ws3_2222",
                                    .state_directory = directory.file("state"),
                                    .ready_fd = ready.write_end.release()};
  LossyProxy proxy(server->port());
  RunnerReport report;
  std::jthread runner([&] {
    const auto own = connect(proxy.url());
    report = run_jobs(*own, on_worker, {});
  });
  EXPECT_EQ(base::read_all(ready.read_end.get()), "ready\n");
  const auto node = api->list_compute_nodes(workflow, {}).items.at(0);
  EXPECT_EQ(node.is_active, true);
  EXPECT_EQ(node.scheduler->value("worker", ""), "alice@ws3:2222");
  EXPECT_THROW(run(on_worker), base::Error) << "already running";
  // The workflow's timeout is zero; a worker keeps waiting in a parked claim.
  EXPECT_TRUE(wait_until([&] { return proxy.seen("wait=") >= 1; }));
  EXPECT_FALSE(std::filesystem::exists(directory.file("state/ended")));
  api->cancel_workflow(workflow);
  runner.join();
  EXPECT_TRUE(report.canceled);
  EXPECT_EQ(lines("state/ended").at(0), "reason=canceled");
  EXPECT_TRUE(std::filesystem::exists(directory.file("out/job_runner_alice_ws3_2222_wf1_r1.log")));
}

TEST_P(BothServersTest, ContinuesWithARunThatBeginsWhileItWaits) {
  create_workflow();
  add_job("true");
  RunnerReport report;
  auto patient = options();
  patient.poll_interval = is_plain ? milliseconds(100) : seconds(60);  // Polled, or parked.
  std::jthread runner([&] { report = run(patient); });
  ASSERT_TRUE(wait_until([&] { return !api->list_compute_nodes(workflow, {}).items.empty(); }));
  initialize();
  runner.join();
  EXPECT_EQ(report.completed, 1);
  EXPECT_EQ(api->list_results(workflow, {}).items.at(0).run_id, 1);
  EXPECT_TRUE(std::filesystem::exists(directory.file("out/job_stdio/job_wf1_j1_r1_a1.o")));
}

TEST_F(RunJobsTest, RunsJobsThatOthersMakeReady) {
  create_workflow();
  const auto first = add_job("true");
  add_job(note("$TORC_JOB_ID"), {first});
  initialize();
  ASSERT_EQ(api->claim_next_jobs(workflow, 1, {.compute_node_id = 99}).size(), 1U);
  auto patient = options();
  patient.poll_interval = seconds(60);
  LossyProxy proxy(server->port());
  RunnerReport report;
  std::jthread runner([&] {
    const auto own = connect(proxy.url());
    report = run_jobs(*own, patient, {});
  });
  ASSERT_TRUE(wait_until([&] { return proxy.seen("wait=") == 1; }));
  const auto begin = std::chrono::steady_clock::now();
  model::Result result;
  result.job_id = first;
  result.workflow_id = workflow;
  result.run_id = 1;
  result.compute_node_id = 99;
  result.completion_time = base::timestamp_now();
  api->complete_job(first, result);
  runner.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(15)) << "it must not wait for a poll";
  EXPECT_EQ(report.completed, 1);
  EXPECT_EQ(lines("log").size(), 1U);
  EXPECT_EQ(proxy.seen("start_job"), 0);
}

TEST_F(RunJobsTest, MakesFewCallsWhileIdle) {
  create_workflow();
  add_job("true");  // Not initialised.
  LossyProxy proxy(server->port());
  auto patient = options();
  patient.longest_wait = seconds(1);
  std::stop_source stop;
  std::jthread runner([&] {
    const auto own = connect(proxy.url());
    run_jobs(*own, patient, stop.get_token());
  });
  ASSERT_TRUE(wait_until([&] { return proxy.seen("wait=") == 1; }));
  const int before = proxy.seen("HTTP");
  ASSERT_TRUE(wait_until([&] { return proxy.seen("wait=") == 4; }));
  EXPECT_EQ(proxy.seen("HTTP") - before, 3) << "there must be one request per wait and no others";
  stop.request_stop();
}

TEST_F(RunJobsTest, StopsAtOnceWhileItWaitsForWork) {
  create_workflow();
  add_job("true");
  LossyProxy proxy(server->port());
  auto patient = options();
  patient.poll_interval = seconds(60);
  std::stop_source stop;
  RunnerReport report;
  std::jthread runner([&] {
    const auto own = connect(proxy.url());
    report = run_jobs(*own, patient, stop.get_token());
  });
  ASSERT_TRUE(wait_until([&] { return proxy.seen("wait=") == 1; }));
  const auto begin = std::chrono::steady_clock::now();
  stop.request_stop();
  runner.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(10)) << "a parked claim would wait for 20 s";
  EXPECT_TRUE(report.stopped);
  // The server does not know that the client has abandoned the claim, because the proxy keeps the connection.
  initialize();
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::ready, 1}})) << "the job must not stay claimed";
  EXPECT_TRUE(api->list_compute_nodes(workflow, {}).items.at(0).last_heartbeat.has_value());
}

TEST_F(RunJobsTest, RequeuesJobsOfAClaimWhoseAnswerWasLost) {
  create_workflow();
  add_job("sleep 60");
  LossyProxy proxy(server->port());
  proxy.lose("wait=", 1);
  std::stop_source stop;
  RunnerReport report;
  std::jthread runner([&] {
    const auto own = connect(proxy.url());
    report = run_jobs(*own, options(), stop.get_token());
  });
  ASSERT_TRUE(wait_until([&] { return proxy.seen("wait=") == 1; }));
  initialize();
  ASSERT_TRUE(wait_until([&] { return proxy.lost() == 1; }));
  stop.request_stop();
  runner.join();
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::ready, 1}}));
}

TEST_F(RunJobsTest, RunsNoJobTwiceWhenAnswersAreLost) {
  const std::vector<std::string> additions{"claim_start", "claim_wait", "batch_complete_jobs"};
  struct Case {
    const char* call;
    bool with_additions;
  };
  for (const auto& [call, with_additions] : std::initializer_list<Case>{{"claim_", true},
                                                                        {"complete_job", true},
                                                                        {"claim_", false},
                                                                        {"start_job", false},
                                                                        {"complete_job", false}}) {
    std::filesystem::remove(directory.file("log"));
    create_workflow();
    std::vector<model::Id> before;
    for (int i = 0; i < 8; ++i) {
      const auto job = add_job(note("$TORC_JOB_ID"), before);
      before = i % 2 == 0 ? std::vector<model::Id>{job} : std::vector<model::Id>{};
    }
    initialize();
    LossyProxy proxy(server->port());
    for (const auto& addition : with_additions ? std::vector<std::string>{} : additions) {
      proxy.hide(addition);
    }
    proxy.lose(call, 3);
    const auto behind_proxy = connect(proxy.url());
    const auto report = run_jobs(*behind_proxy, options(), {});
    EXPECT_EQ(proxy.lost(), 3) << call;
    EXPECT_EQ(report.completed, 8) << call;
    const auto log = lines("log");
    EXPECT_EQ(log.size(), 8U) << call;
    EXPECT_EQ(std::set<std::string>(log.begin(), log.end()).size(), 8U) << call;
    EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::completed, 8}})) << call;
    EXPECT_EQ(api->list_results(workflow, {}).items.size(), 8U) << call;
  }
}

TEST_P(BothServersTest, ContinuesWhenTheServerIsBack) {
  create_workflow();
  const auto first = add_job("until [ -e " + directory.file("go") + " ]; do sleep 0.01; done; " + note("$TORC_JOB_ID") +
                             "; touch " + directory.file("done"));
  add_job(note("$TORC_JOB_ID"), {first});
  initialize();
  RunnerReport report;
  std::jthread runner([&] { report = run(options()); });
  ASSERT_TRUE(wait_until([&] { return states().contains(JobStatus::running); }));
  const auto port = server->port();
  api.reset();
  server.reset();
  // The job ends while the server is down.
  base::write_file_atomically(directory.file("go"), "");
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(directory.file("done")); }));
  start_server(port);
  api = connect();
  runner.join();
  EXPECT_EQ(report.completed, 2);
  EXPECT_EQ(lines("log").size(), 2U);
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::completed, 2}}));
}

TEST_P(BothServersTest, EndsItsJobsWhenTheServerIsGoneForGood) {
  create_workflow(90, 0);
  add_job("echo $$ >" + directory.file("pid") + "; sleep 60");
  initialize();
  std::string message;
  std::jthread runner([&] {
    try {
      run(options());
    } catch (const base::ApiError& error) {
      message = error.what();
    }
  });
  const pid_t pid = pid_in(directory.file("pid"));
  ASSERT_TRUE(wait_until([&] { return states().contains(JobStatus::running); }));
  server.reset();
  runner.join();
  EXPECT_NE(message.find("away for too long"), std::string::npos) << message;
  EXPECT_FALSE(lives(pid));
}

TEST_P(BothServersTest, EndsItsJobsWhenTheWorkflowIsDeleted) {
  create_workflow();
  add_job("echo $$ >" + directory.file("pid") + "; sleep 60");
  initialize();
  int status = 0;
  std::jthread runner([&] {
    try {
      run(options());
    } catch (const base::ApiError& error) {
      status = error.status();
    }
  });
  const pid_t pid = pid_in(directory.file("pid"));
  api->delete_workflow(workflow);
  runner.join();
  EXPECT_EQ(status, 404);
  EXPECT_FALSE(lives(pid));
}

}  // namespace
}  // namespace torc::runner
