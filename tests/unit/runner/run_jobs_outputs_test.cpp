// Jobs that exit with 0 without having written their declared outputs.
#include <gtest/gtest.h>

#include <thread>

#include "lossy_proxy.hpp"
#include "run_jobs_fixture.hpp"

namespace torc::runner {
namespace {

using model::JobStatus;
using testing::BothServersTest;

class OutputsTest : public BothServersTest {
 protected:
  model::Id add_file(const std::string& name) {
    return api
        ->create_file(
            {.id = std::nullopt, .workflow_id = workflow, .name = name, .path = directory.file(name), .mtime = {}})
        .id.value();
  }
  model::Id add_writer(const std::string& command, std::vector<model::Id> outputs,
                       std::optional<model::Id> handler = std::nullopt, std::vector<model::Id> inputs = {}) {
    model::Job body;
    body.workflow_id = workflow;
    body.name = "writer" + std::to_string(++m_writers);
    body.command = command;
    body.output_file_ids = std::move(outputs);
    body.input_file_ids = std::move(inputs);
    body.failure_handler_id = handler;
    return api->create_job(body).id.value();
  }
  /// The first event about a missing output.
  nlohmann::json missing_event() {
    for (const auto& event : api->list_events(workflow, {.category = "job", .after_timestamp = {}}).items) {
      if (event.data.value("event_type", "") == "job_output_missing") {
        return event.data;
      }
    }
    return nlohmann::json::object();
  }

 private:
  int m_writers{0};
};

INSTANTIATE_TEST_SUITE_P(Runner, OutputsTest, ::testing::Bool(), testing::server_name);

TEST_P(OutputsTest, AJobWithoutItsOutputHasFailed) {
  create_workflow();
  const auto written = add_file("written");
  const auto absent = add_file("absent");
  const auto good = add_writer("touch " + directory.file("written"), {written});
  const auto bad = add_writer("true", {absent});
  const auto after = add_writer(note("after"), {}, std::nullopt, {absent});
  initialize();
  const auto report = run(options());
  EXPECT_EQ(report.completed, 1);
  EXPECT_EQ(report.failed, 1);
  EXPECT_EQ(report.exit_status(), 1);
  EXPECT_EQ(api->get_job(good).status, JobStatus::completed);
  EXPECT_EQ(api->get_job(bad).status, JobStatus::failed);
  EXPECT_EQ(api->get_job(after).status, JobStatus::canceled);
  client::ResultFilter of_bad;
  of_bad.job_id = bad;
  const auto results = api->list_results(workflow, of_bad).items;
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results.front().return_code, 1);
  EXPECT_EQ(results.front().status, JobStatus::failed);
  const auto event = missing_event();
  EXPECT_EQ(event.value("job_id", model::Id{0}), bad);
  EXPECT_EQ(event.value("files", nlohmann::json()),
            nlohmann::json::array({{{"name", "absent"}, {"path", directory.file("absent")}}}));
  EXPECT_NE(
      event.value("message", "").find("its output file 'absent' (" + directory.file("absent") + ") does not exist"),
      std::string::npos)
      << event;
}

TEST_P(OutputsTest, ADependentWithoutCancelOnFailureStillRuns) {
  create_workflow();
  const auto bad = add_writer("true", {add_file("absent")});
  model::Job body;
  body.workflow_id = workflow;
  body.name = "tolerant";
  body.command = "true";
  body.depends_on_job_ids = {bad};
  body.cancel_on_blocking_job_failure = false;
  const auto tolerant = api->create_job(body).id.value();
  initialize();
  run(options());
  EXPECT_EQ(api->get_job(tolerant).status, JobStatus::completed);
}

TEST_P(OutputsTest, FailureHandlersApplyToMissingOutputs) {
  create_workflow();
  const auto handler = api->create_failure_handler({.id = std::nullopt,
                                                    .workflow_id = workflow,
                                                    .name = "h",
                                                    .rules = R"([{"exit_codes":[1],"max_retries":2}])"})
                           .id.value();
  // Writes the output at the second attempt.
  const auto job =
      add_writer("[ $TORC_ATTEMPT_ID = 1 ] || touch " + directory.file("late"), {add_file("late")}, handler);
  initialize();
  const auto report = run(options());
  EXPECT_EQ(report.completed, 1);
  EXPECT_EQ(report.failed, 0);
  EXPECT_EQ(api->get_job(job).attempt_id, 2);
}

TEST_P(OutputsTest, FilesOfASuccessAreKeptIfTheJobHasFailed) {
  execution_config = R"({"stdio": {"mode": "separate", "delete_on_success": true}})";
  create_workflow();
  const auto bad = add_writer("echo why", {add_file("absent")});
  const auto good = add_writer("touch " + directory.file("written"), {add_file("written")});
  initialize();
  run(options());
  const auto stdout_of = [&](model::Id id) {
    return directory.path() / "out/job_stdio" /
           ("job_wf" + std::to_string(workflow) + "_j" + std::to_string(id) + "_r1_a1.o");
  };
  EXPECT_EQ(base::read_file(stdout_of(bad)), "why\n");
  EXPECT_FALSE(std::filesystem::exists(stdout_of(good)));
}

TEST_P(OutputsTest, AFailedJobKeepsItsReturnCode) {
  create_workflow();
  const auto bad = add_writer("exit 3", {add_file("absent")});
  initialize();
  run(options());
  EXPECT_EQ(api->list_results(workflow, {}).items.at(0).return_code, 3);
  EXPECT_EQ(missing_event(), nlohmann::json::object()) << bad;
}

TEST_P(OutputsTest, AllOutputsOfAJobAreLoadedWithOneRequest) {
  create_workflow();
  std::vector<model::Id> files;
  std::string command = "touch";
  for (int i = 0; i < 30; ++i) {
    files.push_back(add_file("f" + std::to_string(i)));
    command += ' ' + directory.file("f" + std::to_string(i));
  }
  files.push_back(add_file("absent"));
  add_writer(command, files);
  initialize();
  testing::LossyProxy proxy(server->port());
  EXPECT_EQ(run_jobs(*connect(proxy.url()), options(), {}).failed, 1);
  EXPECT_EQ(proxy.seen("/files"), 1);
  EXPECT_EQ(missing_event().value("files", nlohmann::json()),
            nlohmann::json::array({{{"name", "absent"}, {"path", directory.file("absent")}}}));
}

TEST_P(OutputsTest, ACheckDoesNotDelayOtherJobs) {
  create_workflow();
  std::vector<model::Id> files;
  for (int i = 0; i < 20; ++i) {
    files.push_back(add_file("f" + std::to_string(i)));
    add_writer("touch " + directory.file("f" + std::to_string(i)), {files.back()});
  }
  initialize();
  EXPECT_EQ(run(options()).completed, 20);
}

}  // namespace
}  // namespace torc::runner
