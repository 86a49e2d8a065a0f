// Jobs whose inputs have changed run again, as do their dependents.

#include "torc/model/automation.hpp"
#include "unit/store/store_fixture.hpp"

namespace torc::store {

using model::JobStatus;
using Names = std::vector<std::string>;

class ChangedInputsTest : public StoreTest {
 protected:
  ChangedInputsTest() {
    model::File file;
    file.workflow_id = workflow;
    file.name = "f";
    file.path = "p";
    file.mtime = 1.5;
    file_id = insert(connection, file);
    data_id = user_data("u", 1);
    between_id = user_data("between", nullptr);
    auto first = job_body("first");
    first.input_user_data_ids = {data_id};
    first.output_user_data_ids = {between_id};
    jobs.push_back(create(first));
    auto second = job_body("second");
    second.input_user_data_ids = {between_id};
    jobs.push_back(create(second));
    jobs.push_back(job("third", {jobs.back()}));
    auto other = job_body("other");
    other.input_file_ids = {file_id};
    jobs.push_back(create(other));
    jobs.push_back(job("reads nothing"));
  }

  Id user_data(const std::string& name, nlohmann::json value) {
    model::UserData data;
    data.workflow_id = workflow;
    data.name = name;
    data.data = std::move(value);
    return insert(connection, data);
  }
  void change(Id id, nlohmann::json value) {
    auto data = get<model::UserData>(connection, id);
    data.data = std::move(value);
    update(connection, id, data);
  }
  void run_all() {
    const Id n = node();
    for (const Id id : jobs) {
      ASSERT_EQ(claim(1, n).size(), 1U);
      start_job(connection, id, run_id(), n);
      if (id == jobs.front()) {
        change(between_id, "made by first");
      }
      complete_job(connection, id, JobStatus::completed, run_id(), result(id, n));
    }
  }
  std::vector<Id> jobs;
  Id file_id{0};
  Id data_id{0};
  Id between_id{0};
};

TEST_F(ChangedInputsTest, NothingHappensWithoutChanges) {
  initialize();
  EXPECT_EQ(process_changed_inputs(connection, workflow, false), Names{}) << "no job has run yet";
  run_all();
  EXPECT_EQ(process_changed_inputs(connection, workflow, false), Names{});
}

TEST_F(ChangedInputsTest, ChangedUserDataResetsAllDependents) {
  initialize();
  run_all();
  change(data_id, 2);
  EXPECT_EQ(process_changed_inputs(connection, workflow, true), (Names{"first", "second", "third"}));
  EXPECT_EQ(status(jobs[0]), "completed") << "a dry run must not change anything";
  EXPECT_EQ(process_changed_inputs(connection, workflow, false), (Names{"first", "second", "third"}));
  EXPECT_EQ(process_changed_inputs(connection, workflow, false), Names{});
  initialize_jobs(connection, workflow, {.only_uninitialized = true});
  EXPECT_EQ(status(jobs[0]), "ready");
  EXPECT_EQ(status(jobs[1]), "blocked");
  EXPECT_EQ(status(jobs[2]), "blocked");
  EXPECT_EQ(status(jobs[3]), "completed");
}

TEST_F(ChangedInputsTest, AChangedFileResetsItsReaders) {
  initialize();
  run_all();
  auto file = get<model::File>(connection, file_id);
  file.mtime = 2.5;
  update(connection, file_id, file);
  EXPECT_EQ(process_changed_inputs(connection, workflow, false), Names{"other"});
  EXPECT_EQ(status(jobs[3]), "uninitialized");
}

TEST_F(ChangedInputsTest, AMissingWorkflowIsReported) {
  EXPECT_NE(refusal([&] { process_changed_inputs(connection, 99, true); }, Refused::Reason::not_found), "");
}

TEST_F(StoreTest, ManyJobsEndTogetherEvenIfOneIsRefused) {
  const Id a = job("a");
  const Id b = job("b");
  const Id waits = job("waits", {a});
  initialize();
  claim(2);
  const auto other = create_workflow(connection, named_workflow("other")).id.value();
  auto wrong_run = model::JobCompletion{b, JobStatus::completed, 7, result(b, 1)};
  const auto done = complete_jobs(connection, workflow,
                                  {{a, JobStatus::completed, 0, result(a, 1)},
                                   wrong_run,
                                   {99, JobStatus::completed, 0, result(99, 1)},
                                   {b, JobStatus::failed, 0, result(b, 1)}});
  EXPECT_EQ(done.completed, (std::vector<Id>{a, b}));
  ASSERT_EQ(done.errors.size(), 2U);
  EXPECT_EQ(done.errors[0].job_id, b);
  EXPECT_NE(done.errors[0].message.find("Run ID"), std::string::npos) << done.errors[0].message;
  EXPECT_EQ(done.errors[1].job_id, 99);
  EXPECT_EQ(status(waits), "ready");
  EXPECT_EQ(list<model::Result>(connection, {}, {}).total_count, 2);
  const auto elsewhere = complete_jobs(connection, other, {{waits, JobStatus::completed, 0, result(waits, 1)}});
  EXPECT_EQ(elsewhere.errors.size(), 1U) << "another workflow's job";
  EXPECT_EQ(status(waits), "ready");
}

TEST_F(StoreTest, DeletingAFailureHandlerClearsItInItsJobs) {
  model::FailureHandler handler;
  handler.workflow_id = workflow;
  handler.name = "h";
  handler.rules = "[]";
  const Id id = insert(connection, handler);
  auto body = job_body("a");
  body.failure_handler_id = id;
  const Id a = create(body);
  remove_failure_handler(connection, id);
  EXPECT_FALSE(get_job(connection, a).failure_handler_id.has_value());
  EXPECT_NE(refusal([&] { remove_failure_handler(connection, id); }, Refused::Reason::not_found), "");
}

}  // namespace torc::store
