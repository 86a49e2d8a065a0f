// Dependencies between jobs.

#include "unit/store/store_fixture.hpp"

namespace torc::store {

using model::JobStatus;

TEST_F(StoreTest, AJobIsReadyOnceItsLastBlockerIsComplete) {
  const Id a = job("a");
  const Id b = job("b");
  const Id c = job("c", {a, b});
  const Id d = job("d", {c});
  initialize();
  EXPECT_EQ(status(a), "ready");
  EXPECT_EQ(status(c), "blocked");
  complete(a);
  EXPECT_EQ(status(c), "blocked");
  complete(b);
  EXPECT_EQ(status(c), "ready");
  EXPECT_EQ(status(d), "blocked");
}

TEST_F(StoreTest, AJobDependsOnTheWritersOfItsInputs) {
  model::File file;
  file.workflow_id = workflow;
  file.name = "f";
  file.path = "p";
  const Id file_id = insert(connection, file);
  model::UserData data;
  data.workflow_id = workflow;
  data.name = "u";
  const Id data_id = insert(connection, data);
  model::Job writer = job_body("writer");
  writer.output_file_ids = {file_id};
  model::Job second_writer = job_body("second_writer");
  second_writer.output_user_data_ids = {data_id};
  model::Job reader = job_body("reader");
  reader.input_file_ids = {file_id};
  reader.input_user_data_ids = {data_id};
  const Id reader_id = create(reader);
  const Id writer_id = create(writer);
  const Id second_id = create(second_writer);
  EXPECT_EQ(get_job(connection, reader_id).depends_on_job_ids, std::nullopt) << "before the initialisation";
  initialize();
  EXPECT_EQ(get_job(connection, reader_id).depends_on_job_ids, (std::vector<Id>{writer_id, second_id}));
  complete(writer_id);
  EXPECT_EQ(status(reader_id), "blocked");
  complete(second_id);
  EXPECT_EQ(status(reader_id), "ready");
}

TEST_F(StoreTest, AFailureCancelsAllDependents) {
  const Id a = job("a");
  const Id b = job("b", {a});
  const Id c = job("c", {b});
  const Id tolerant = job("tolerant", {a}, false);
  const Id after_canceled = job("after_canceled", {c}, false);
  initialize();
  complete(a, JobStatus::failed);
  EXPECT_EQ(status(b), "canceled");
  EXPECT_EQ(status(c), "canceled");
  EXPECT_EQ(status(tolerant), "ready");
  EXPECT_EQ(status(after_canceled), "ready");
}

TEST_F(StoreTest, ACascadeIsAsLongAsTheChain) {
  Transaction transaction{connection};
  Id last = job("first");
  const Id first = last;
  for (int i = 0; i < 5000; ++i) {
    last = job("j", {last});
  }
  initialize();
  complete(first, JobStatus::terminated);
  transaction.commit();
  EXPECT_EQ(status(last), "canceled");
  EXPECT_TRUE(workflow_completion(connection, workflow).is_complete);
}

TEST_F(StoreTest, ARetryBlocksDependentsAgain) {
  const Id a = job("a");
  const Id canceled = job("canceled", {a});
  const Id further = job("further", {canceled});
  const Id tolerant = job("tolerant", {a}, false);
  const Id claimed = job("claimed", {a}, false);
  initialize();
  complete(a, JobStatus::failed);
  const auto ids = claim(2);
  ASSERT_EQ(ids, (std::vector<Id>{tolerant, claimed}));
  change_job_status(connection, tolerant, JobStatus::ready, 0);

  retry_job(connection, a, 0, 3);
  EXPECT_EQ(status(a), "ready");
  EXPECT_EQ(status(canceled), "blocked");
  EXPECT_EQ(status(further), "blocked");
  EXPECT_EQ(status(tolerant), "blocked");
  EXPECT_EQ(status(claimed), "pending") << "a claimed job must not change";
  complete(a);
  EXPECT_EQ(status(canceled), "ready");
  EXPECT_EQ(status(further), "blocked");
  EXPECT_EQ(status(tolerant), "ready");
}

TEST_F(StoreTest, ADisabledOrDeletedJobBlocksNoOther) {
  const Id a = job("a");
  const Id b = job("b");
  const Id c = job("c", {a, b});
  initialize();
  change_job_status(connection, a, JobStatus::disabled, 0);
  EXPECT_EQ(status(c), "blocked");
  remove_job(connection, b);
  EXPECT_EQ(status(c), "ready");
}

TEST_F(StoreTest, FailedJobsAreResetWithTheJobsTheyCanceled) {
  const Id ok = job("ok");
  const Id bad = job("bad");
  const Id after = job("after", {bad, ok});
  initialize();
  complete(ok);
  complete(bad, JobStatus::failed);
  EXPECT_EQ(reset_job_status(connection, workflow, true), 2);
  EXPECT_EQ(status(ok), "completed");
  EXPECT_EQ(status(bad), "uninitialized");
  initialize_jobs(connection, workflow, {.only_uninitialized = true});
  EXPECT_EQ(status(ok), "completed");
  EXPECT_EQ(status(bad), "ready");
  EXPECT_EQ(status(after), "blocked");
  complete(bad);
  EXPECT_EQ(status(after), "ready");
}

TEST_F(StoreTest, ResettingFailedJobsResetsAllThatDependOnThem) {
  const Id bad = job("bad");
  const Id canceled = job("canceled", {bad});
  const Id done = job("done", {bad}, false);  // It ran although `bad` had failed.
  const Id further = job("further", {done});
  const Id at_work = job("at_work", {further});
  const Id disabled = job("disabled", {done});
  const Id after_disabled = job("after_disabled", {disabled});
  const Id other = job("other");
  initialize();
  change_job_status(connection, disabled, JobStatus::disabled, 0);
  complete(bad, JobStatus::failed);
  complete(done);
  complete(further);
  change_job_status(connection, at_work, JobStatus::pending, 0);
  complete(after_disabled);
  complete(other);
  ASSERT_EQ(status(canceled), "canceled");
  EXPECT_EQ(reset_job_status(connection, workflow, true), 6);
  for (const Id id : {bad, canceled, done, further, at_work, after_disabled}) {
    EXPECT_EQ(status(id), "uninitialized") << id;
  }
  EXPECT_EQ(status(disabled), "disabled");
  EXPECT_EQ(status(other), "completed");
  initialize_jobs(connection, workflow, {.only_uninitialized = true});
  EXPECT_EQ(status(bad), "ready");
  EXPECT_EQ(status(further), "blocked");
  EXPECT_EQ(reset_job_status(connection, workflow, true), 0);
}

TEST_F(StoreTest, JobsCanceledWithTheirWorkflowAreResetWithTheirDependents) {
  const Id done = job("done");
  const Id at_work = job("at_work", {done});
  const Id after = job("after", {at_work}, false);
  initialize();
  complete(done);
  claim(1);
  cancel_workflow(connection, workflow);
  reset_workflow_status(connection, workflow, false);
  EXPECT_EQ(reset_job_status(connection, workflow, true), 2);
  initialize_jobs(connection, workflow, {.only_uninitialized = true});
  EXPECT_EQ(status(done), "completed");
  EXPECT_EQ(status(at_work), "ready");
  EXPECT_EQ(status(after), "blocked");
}

TEST_F(StoreTest, InitializationRunsTerminatedJobsAgainWithTheirDependents) {
  const Id ended = job("ended");
  const Id done = job("done", {ended}, false);
  const Id at_work = job("at_work", {ended}, false);
  const Id bad = job("bad");
  initialize();
  complete(ended, JobStatus::terminated);
  complete(done);
  change_job_status(connection, at_work, JobStatus::pending, 0);
  complete(bad, JobStatus::failed);
  initialize();
  EXPECT_EQ(status(ended), "ready");
  EXPECT_EQ(status(done), "blocked");
  EXPECT_EQ(status(at_work), "pending") << "claimed jobs must not change";
  EXPECT_EQ(status(bad), "failed") << "failed jobs must not run again without a request";
}

TEST_F(StoreTest, InitializationDoesNotChangeClaimedAndRunningJobs) {
  const Id a = job("a");
  const Id b = job("b");
  initialize();
  claim(1);
  initialize();
  EXPECT_EQ(status(a), "pending");
  EXPECT_EQ(status(b), "ready");
}

TEST_F(StoreTest, AJobAddedAfterAFailureIsCanceledAtInitialization) {
  const Id a = job("a");
  initialize();
  complete(a, JobStatus::failed);
  const Id late = job("late", {a});
  initialize_jobs(connection, workflow, {.only_uninitialized = true});
  EXPECT_EQ(status(late), "canceled");
}

TEST_F(StoreTest, ACanceledWorkflowGivesOutNoJobsAndIsComplete) {
  const Id a = job("a");
  const Id b = job("b");
  initialize();
  claim(1);
  cancel_workflow(connection, workflow);
  EXPECT_EQ(status(a), "canceled");
  EXPECT_EQ(status(b), "ready");
  EXPECT_TRUE(claim(10).empty());
  EXPECT_TRUE(workflow_completion(connection, workflow).is_complete);
  reset_workflow_status(connection, workflow, false);
  EXPECT_EQ(claim(10), std::vector<Id>{b});
}

TEST_F(StoreTest, AWorkflowIsNotResetWhileJobsRun) {
  job("a");
  initialize();
  claim(1);
  EXPECT_NE(refusal([&] { reset_workflow_status(connection, workflow, false); }, Refused::Reason::unprocessable), "");
  EXPECT_NO_THROW(reset_workflow_status(connection, workflow, true));
}

TEST_F(StoreTest, EphemeralUserDataIsClearedOnRequest) {
  model::UserData data;
  data.workflow_id = workflow;
  data.name = "u";
  data.is_ephemeral = true;
  data.data = nlohmann::json(7);
  const Id id = insert(connection, data);
  initialize();
  EXPECT_EQ(get<model::UserData>(connection, id).data, nlohmann::json(7));
  initialize_jobs(connection, workflow, {.clear_ephemeral_user_data = true});
  EXPECT_FALSE(get<model::UserData>(connection, id).data.has_value());
}

TEST_F(StoreTest, DeletingRequirementsDeletesNoJob) {
  model::ResourceRequirements small;
  small.workflow_id = workflow;
  small.name = "small";
  const Id small_id = insert(connection, small);
  model::Job body = job_body("a");
  body.resource_requirements_id = small_id;
  const Id a = create(body);
  remove_requirements(connection, small_id);
  EXPECT_EQ(get_job(connection, a).resource_requirements_id, default_requirements(connection, workflow));
  EXPECT_NE(refusal([&] { remove_requirements(connection, default_requirements(connection, workflow)); },
                    Refused::Reason::conflict),
            "");
}

}  // namespace torc::store
