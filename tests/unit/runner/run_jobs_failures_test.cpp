// Consequences of failed jobs, and actions of workflows.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "lossy_proxy.hpp"
#include "run_jobs_fixture.hpp"

namespace torc::runner {
namespace {

using model::JobStatus;
using std::chrono::milliseconds;
using testing::BothServersTest;
using testing::LossyProxy;
using testing::wait_until;

/// A command line that cannot be started, because the kernel limits an argument to 128 KiB.
const std::string k_too_long = "true " + std::string(200'000, 'x');

class FailuresTest : public BothServersTest {
 protected:
  model::Id add_handler(const std::string& rules) {
    return api->create_failure_handler({.id = std::nullopt, .workflow_id = workflow, .name = "h", .rules = rules})
        .id.value();
  }
  model::Id add_handled_job(const std::string& command, model::Id handler,
                            std::optional<model::Id> requirements = std::nullopt) {
    model::Job body;
    body.workflow_id = workflow;
    body.name = "handled";
    body.command = command;
    body.failure_handler_id = handler;
    body.resource_requirements_id = requirements;
    return api->create_job(body).id.value();
  }
  void add_action(const std::string& trigger, const std::string& command, std::vector<model::Id> jobs = {},
                  bool persistent = false) {
    model::WorkflowAction action;
    action.workflow_id = workflow;
    action.trigger_type = trigger;
    action.action_type = "run_commands";
    action.action_config = {{"commands", {command}}};
    action.job_ids = std::move(jobs);
    action.persistent = persistent;
    api->create_workflow_action(action);
  }
};

INSTANTIATE_TEST_SUITE_P(Runner, FailuresTest, ::testing::Bool(), testing::server_name);

TEST_P(FailuresTest, RunsAJobAgainAfterItsRecoveryScript) {
  create_workflow();
  const auto handler = add_handler(R"([{"exit_codes":[3],"recovery_script":"echo $TORC_RETURN_CODE $TORC_JOB_NAME >)" +
                                   directory.file("fixed") + R"(","max_retries":2}])");
  const auto job = add_handled_job("[ -e " + directory.file("fixed") + " ] || exit 3", handler);
  add_job("true", {job});
  initialize();
  const auto report = run(options());
  EXPECT_EQ(report.completed, 2);
  EXPECT_EQ(report.exit_status(), 0);
  EXPECT_EQ(lines("fixed"), std::vector<std::string>{"3 handled"});
  EXPECT_EQ(api->get_job(job).attempt_id, 2);
}

TEST_P(FailuresTest, KeepsTheResultOfEachAttempt) {
  create_workflow();
  const auto handler = add_handler(R"([{"match_all_exit_codes":true,"max_retries":5}])");
  const auto job = add_handled_job("exit $((3 - TORC_ATTEMPT_ID))", handler);
  add_job("true", {job});
  initialize();
  EXPECT_EQ(run(options()).exit_status(), 0);
  client::ResultFilter of_the_job;
  of_the_job.job_id = job;
  of_the_job.all_runs = true;
  std::map<std::int64_t, std::pair<std::int64_t, JobStatus>> by_attempt;
  for (const auto& result : api->list_results(workflow, of_the_job).items) {
    by_attempt[result.attempt_id.value_or(0)] = {result.return_code, result.status};
  }
  EXPECT_EQ(by_attempt.size(), 3U);
  EXPECT_EQ(by_attempt[1], std::pair(std::int64_t{2}, JobStatus::failed));
  EXPECT_EQ(by_attempt[2], std::pair(std::int64_t{1}, JobStatus::failed));
  EXPECT_EQ(by_attempt[3], std::pair(std::int64_t{0}, JobStatus::completed));
  of_the_job.all_runs = false;
  EXPECT_EQ(api->list_results(workflow, of_the_job).items.size(), 1U) << "only the last result counts";
}

TEST_P(FailuresTest, GivesUpAfterAsManyRetriesAsTheRuleAllows) {
  create_workflow();
  const auto handler = add_handler(R"([{"match_all_exit_codes":true,"max_retries":2}])");
  const auto job = add_handled_job(note("try") + "; exit 1", handler);
  initialize();
  const auto report = run(options());
  EXPECT_EQ(report.failed, 1);
  EXPECT_EQ(lines("log").size(), 3U) << "the first attempt and two retries";
  EXPECT_EQ(api->get_job(job).status, JobStatus::failed);
}

TEST_P(FailuresTest, AppliesRulesToAJobThatCannotBeStarted) {
  create_workflow();
  const auto job = add_handled_job(k_too_long, add_handler(R"([{"exit_codes":[126],"max_retries":2}])"));
  initialize();
  const auto report = run(options());
  EXPECT_EQ(report.failed, 1);
  EXPECT_EQ(api->get_job(job).status, JobStatus::failed);
  EXPECT_EQ(api->get_job(job).attempt_id, 3);
  client::ResultFilter of_the_job;
  of_the_job.job_id = job;
  of_the_job.all_runs = true;
  EXPECT_EQ(api->list_results(workflow, of_the_job).items.size(), 3U);
  const auto events = api->list_events(workflow, {.category = "job", .after_timestamp = {}}).items;
  EXPECT_EQ(std::count_if(events.begin(), events.end(),
                          [](const auto& event) { return event.data.value("event_type", "") == "job_start_failed"; }),
            3);
}

TEST_P(FailuresTest, AMachineIsUnfitRegardlessOfRules) {
  create_workflow();
  const auto breaks = add_job("rm -r " + directory.file("out/job_stdio"));
  model::Job body;
  body.workflow_id = workflow;
  body.name = "handled";
  body.command = "true";
  body.failure_handler_id = add_handler(R"([{"match_all_exit_codes":true,"max_retries":1000}])");
  body.depends_on_job_ids = {breaks};
  const auto job = api->create_job(body).id.value();
  initialize();
  const auto report = run(options());
  EXPECT_TRUE(report.unfit);
  EXPECT_EQ(report.exit_status(), 1);
  EXPECT_EQ(api->get_job(job).status, JobStatus::ready) << "it is left for other machines";
  EXPECT_EQ(api->get_job(job).attempt_id, 6) << "there were five attempts on this machine";
}

TEST_P(FailuresTest, ReportsTheMemoryOfARetriedAttempt) {
  create_workflow();
  const auto job =
      add_handled_job("[ $TORC_ATTEMPT_ID = 2 ] || (x=$(head -c 60000000 /dev/zero | tr '\\0' x); sleep 60; true)",
                      add_handler(R"([{"exit_codes":[137],"max_retries":1}])"), add_requirements(1, "30m"));
  initialize();
  EXPECT_EQ(run(options()).completed, 1);
  EXPECT_EQ(api->get_job(job).attempt_id, 2);
  const auto event = api->list_events(workflow, {.category = "job", .after_timestamp = {}}).items.at(0).data.dump();
  EXPECT_NE(event.find("job_exceeded_memory"), std::string::npos) << event;
}

TEST_P(FailuresTest, DoesNotRetryWithoutAMatchingRule) {
  create_workflow();
  add_handled_job("exit 4", add_handler(R"([{"exit_codes":[3]}])"));
  initialize();
  EXPECT_EQ(run(options()).failed, 1);
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::failed, 1}}));
}

TEST_P(FailuresTest, RetriesAJobWhoseRecoveryFails) {
  create_workflow();
  add_handled_job(note("try") + "; exit 3",
                  add_handler(R"([{"exit_codes":[3],"recovery_script":"false","max_retries":1}])"));
  initialize();
  EXPECT_EQ(run(options()).failed, 1);
  EXPECT_EQ(lines("log").size(), 2U);
}

TEST_P(FailuresTest, UsesPendingFailedIfTheWorkflowWantsThat) {
  model::Workflow body;
  body.name = "test";
  body.user = "tester";
  body.use_pending_failed = true;
  body.compute_node_wait_for_new_jobs_seconds = 1;
  workflow = api->create_workflow(body).id.value();
  add_job("exit 1");
  add_handled_job("exit 4", add_handler(R"([{"exit_codes":[3]}])"));
  add_job(k_too_long);
  initialize();
  run(options());
  EXPECT_EQ(states(), (std::map<JobStatus, int>{{JobStatus::pending_failed, 3}}));
}

TEST_P(FailuresTest, RequeuesAJobWhoseRecoveryIsInterrupted) {
  create_workflow();
  const auto handler = add_handler(R"([{"match_all_exit_codes":true,"recovery_script":"touch )" +
                                   directory.file("recovering") + R"(; sleep 60"}])");
  const auto job = add_handled_job("exit 1", handler);
  initialize();
  std::stop_source stop;
  RunnerReport report;
  std::jthread runner([&] { report = run(options(), stop.get_token()); });
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(directory.file("recovering")); }));
  stop.request_stop();
  runner.join();
  EXPECT_EQ(report.requeued, 1);
  EXPECT_EQ(api->get_job(job).status, JobStatus::ready);
}

TEST_P(FailuresTest, RunsNoRecoveryScriptWithoutRetriesLeft) {
  create_workflow();
  const auto handler = add_handler(R"([{"match_all_exit_codes":true,"max_retries":1,"recovery_script":"echo again >>)" +
                                   directory.file("recovered") + R"("}])");
  const auto job = add_handled_job("exit 3", handler);
  initialize();
  EXPECT_EQ(run(options()).failed, 1);
  EXPECT_EQ(api->get_job(job).attempt_id, 2);
  EXPECT_EQ(lines("recovered").size(), 1U);
}

TEST_P(FailuresTest, WaitsForItsStartActions) {
  create_workflow(/*wait_for_new_jobs_s=*/1);
  add_job(note("job"));
  add_action("on_workflow_start", "sleep 2");
  initialize();
  auto with_little_time = options();
  with_little_time.time_limit = std::chrono::minutes(1);  // Less than the runner waits for new jobs.
  EXPECT_EQ(run(with_little_time).completed, 1);
}

/// Whether a thread of this process has this name.
bool has_thread(const std::string& name) {
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::error_code ignored;
    if (std::filesystem::exists(task.path() / "comm", ignored) &&
        base::trim(base::read_file(task.path() / "comm")) == name) {
      return true;
    }
  }
  return false;
}

TEST_P(FailuresTest, ClaimsAfterStartActionsThatEndDuringATurn) {
  create_workflow(/*wait_for_new_jobs_s=*/1);
  add_job(note("job"));
  add_action("on_workflow_start", "until [ -e " + directory.file("go") + " ]; do sleep 0.01; done");
  initialize();
  // The runner queries the completion after it has found that it may not claim yet, and before it decides to exit.
  LossyProxy proxy(server->port());
  const auto begun = std::chrono::steady_clock::now();
  proxy.before("/is_complete", [&] {
    if (std::chrono::steady_clock::now() - begun > std::chrono::seconds(2)) {
      std::ofstream{directory.file("go")};
      ASSERT_TRUE(wait_until([] { return !has_thread("actions"); }));
    }
  });
  const auto own = connect(proxy.url());
  auto with_little_time = options();
  with_little_time.time_limit = std::chrono::minutes(1);
  EXPECT_EQ(run_jobs(*own, with_little_time, {}, {}).completed, 1);
  EXPECT_TRUE(std::filesystem::exists(directory.file("go")));
}

TEST_P(FailuresTest, ClaimsAtLeastOnce) {
  create_workflow();
  add_job(note("job"));
  initialize();
  auto staggered = options();  // Without parked claims, a worker's first claim is some turns after its start.
  staggered.worker = WorkerIdentity{.address = "w", .key = "w", .state_directory = directory.file("state")};
  staggered.time_limit = std::chrono::minutes(1);
  EXPECT_EQ(run(staggered).completed, 1);
}

TEST_P(FailuresTest, EndsActionsWhenItIsStopped) {
  create_workflow();
  add_job("true");
  add_action("on_worker_start", "touch " + directory.file("acting") + "; sleep 60");
  initialize();
  std::stop_source stop;
  std::jthread runner([&] { run(options(), stop.get_token()); });
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(directory.file("acting")); }));
  const auto asked = std::chrono::steady_clock::now();
  stop.request_stop();
  runner.join();
  EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(30));
}

TEST_P(FailuresTest, KillsActionsAtOnceIfRequested) {
  create_workflow();
  add_job("true");
  // After SIGTERM it counts for less than its grace period of two seconds, unless it is killed.
  add_action("on_worker_start", "trap 'for i in {1..15}; do sleep 0.1; done; touch " + directory.file("counted") +
                                    "' TERM; touch " + directory.file("acting") + "; while :; do sleep 0.02; done");
  initialize();
  std::stop_source stop;
  std::stop_source kill_now;
  auto killing = options();
  killing.kill_now = kill_now.get_token();
  std::jthread runner([&] { run(killing, stop.get_token()); });
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(directory.file("acting")); }));
  kill_now.request_stop();
  stop.request_stop();
  runner.join();
  EXPECT_FALSE(std::filesystem::exists(directory.file("counted")));
}

TEST_P(FailuresTest, RunsActionsAtTheirTriggers) {
  create_workflow();
  const auto first = add_job(note("first"));
  const auto second = add_job(note("second"), {first});
  add_action("on_workflow_start", note("start"));
  add_action("on_worker_start", note("worker"));
  add_action("on_jobs_ready", note("ready"), {second});
  add_action("on_jobs_complete", note("complete"), {first});
  add_action("on_workflow_complete", note("end"));
  add_action("on_worker_complete", note("leaving"));
  initialize();
  EXPECT_EQ(run(options()).completed, 2);
  const auto log = lines("log");
  const auto position = [&](const std::string& word) {
    EXPECT_EQ(std::count(log.begin(), log.end(), word), 1) << word;
    return std::find(log.begin(), log.end(), word) - log.begin();
  };
  EXPECT_LT(position("start"), position("first")) << "the start action must run before the first job";
  EXPECT_LT(position("worker"), position("first"));
  EXPECT_GT(position("ready"), position("first"));
  EXPECT_GT(position("complete"), position("first"));
  EXPECT_GT(position("end"), position("second"));
  EXPECT_GT(position("leaving"), position("second"));
}

TEST_P(FailuresTest, RunsItsEndActionsAtTheTimeLimit) {
  create_workflow();
  add_job(note("started") + "; sleep 600");
  add_action("on_worker_complete", note("leaving", "actions"), {}, /*persistent=*/true);
  add_action("on_workflow_complete", note("end", "actions"));
  initialize();
  auto limited = options();
  limited.time_limit = milliseconds(500);
  limited.max_parallel_jobs = 1;
  const auto report = run_into_time_limit(limited);
  EXPECT_TRUE(report.timed_out);
  EXPECT_EQ(report.requeued, 1);
  EXPECT_EQ(lines("actions").back(), "leaving");
}

TEST_P(FailuresTest, RunsNoEndActionsAfterAStop) {
  create_workflow();
  add_job("touch " + directory.file("started") + "; sleep 60");
  add_action("on_worker_complete", "touch " + directory.file("left"));
  initialize();
  std::stop_source stop;
  std::jthread runner([&] { run(options(), stop.get_token()); });
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(directory.file("started")); }));
  stop.request_stop();
  runner.join();
  EXPECT_FALSE(std::filesystem::exists(directory.file("left")));
}

TEST_P(FailuresTest, AnActionRunsOnceAndAPersistentOneOncePerRunner) {
  create_workflow();
  for (int i = 0; i < 4; ++i) {
    add_job("sleep 0.2");
  }
  add_action("on_worker_start", note("once"));
  add_action("on_worker_start", note("each"), {}, true);
  initialize();
  auto settings = options();
  settings.max_parallel_jobs = 1;
  std::jthread other([&] { run(settings); });
  run(settings);
  other.join();
  const auto log = lines("log");
  EXPECT_EQ(std::count(log.begin(), log.end(), "once"), 1);
  EXPECT_EQ(std::count(log.begin(), log.end(), "each"), 2);
}

}  // namespace
}  // namespace torc::runner
