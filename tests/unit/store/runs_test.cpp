// Reports of runners about jobs: which are accepted, which are refused.

#include "unit/store/store_fixture.hpp"

namespace torc::store {

using model::JobStatus;
using Reason = Refused::Reason;

TEST_F(StoreTest, AResultIsRecordedWithItsRunAndAttempt) {
  const Id a = job("a");
  initialize();
  auto raised = workflow_status(connection, workflow);
  raised.run_id = 4;
  update_workflow_status(connection, workflow, raised);
  const Id n = node();
  claim(1, n);
  start_job(connection, a, 4, n);
  auto body = result(a, n);
  body.return_code = 3;
  body.attempt_id = 1;
  complete_job(connection, a, JobStatus::failed, 4, body);
  const auto noted = get<model::Result>(connection, 1);
  EXPECT_EQ(noted.run_id, 4);
  EXPECT_EQ(noted.attempt_id, 1);
  EXPECT_EQ(noted.return_code, 3);
  EXPECT_EQ(noted.status, JobStatus::failed);
}

TEST_F(StoreTest, AnotherRunIsRefused) {
  const Id a = job("a");
  initialize();
  claim(1);
  const Id n = node();
  EXPECT_NE(refusal([&] { start_job(connection, a, 1, n); }, Reason::unprocessable), "");
  EXPECT_NE(refusal([&] { complete_job(connection, a, JobStatus::completed, 1, result(a, n)); }, Reason::unprocessable),
            "");
  EXPECT_NE(refusal([&] { retry_job(connection, a, 1, 3); }, Reason::unprocessable), "");
  EXPECT_NE(refusal([&] { change_job_status(connection, a, JobStatus::ready, 1); }, Reason::unprocessable), "");
  EXPECT_EQ(status(a), "pending");
}

TEST_F(StoreTest, AnOldAttemptIsRefused) {
  const Id a = job("a");
  initialize();
  const Id n = node();
  claim(1, n);
  start_job(connection, a, 0, n);
  retry_job(connection, a, 0, 3);
  claim(1, n);
  start_job(connection, a, 0, n);
  auto old = result(a, n);
  old.attempt_id = 1;
  EXPECT_NE(refusal([&] { complete_job(connection, a, JobStatus::completed, 0, old); }, Reason::conflict), "");
  EXPECT_EQ(status(a), "running");
  EXPECT_FALSE(find<model::Result>(connection, 1));
  EXPECT_NO_THROW(complete_job(connection, a, JobStatus::completed, 0, result(a, n))) << "omitted: the current one";
  EXPECT_EQ(get<model::Result>(connection, 1).attempt_id, 2);
}

TEST_F(StoreTest, AnotherNodesJobIsRefused) {
  const Id a = job("a");
  initialize();
  const Id mine = node();
  const Id other = node();
  claim(1, mine);
  EXPECT_NE(refusal([&] { start_job(connection, a, 0, other); }, Reason::conflict), "");
  start_job(connection, a, 0, mine);
  EXPECT_NE(refusal([&] { complete_job(connection, a, JobStatus::completed, 0, result(a, other)); }, Reason::conflict),
            "");
  EXPECT_NO_THROW(complete_job(connection, a, JobStatus::completed, 0, result(a, mine)));
}

TEST_F(StoreTest, ARequeuedJobHasNoOwnerAndDoesNotCountAsARetry) {
  const Id a = job("a");
  initialize();
  const Id mine = node();
  const Id other = node();
  claim(1, mine);
  start_job(connection, a, 0, mine);
  EXPECT_EQ(retry_job(connection, a, 0, 2'147'483'647).attempt_id, 2);
  claim(1, other);
  EXPECT_NO_THROW(start_job(connection, a, 0, other));
  EXPECT_EQ(retry_job(connection, a, 0, 1).attempt_id, 3) << "the first retry that counts";
  claim(1, other);
  start_job(connection, a, 0, other);
  EXPECT_NE(refusal([&] { retry_job(connection, a, 0, 1); }, Reason::unprocessable), "");
}

TEST_F(StoreTest, APendingJobIsRequeuedByItsStatus) {
  const Id a = job("a");
  initialize();
  claim(1, node());
  change_job_status(connection, a, JobStatus::ready, 0);
  EXPECT_EQ(claim(1, node()), std::vector<Id>{a});
}

TEST_F(StoreTest, AnEndedJobStaysEnded) {
  const Id a = job("a");
  initialize();
  complete(a);
  EXPECT_EQ(refusal([&] { complete(a, JobStatus::failed); }, Reason::unprocessable),
            "Job 1 is already complete with status Completed");
  EXPECT_NE(refusal([&] { retry_job(connection, a, 0, 3); }, Reason::unprocessable), "");
  EXPECT_EQ(status(a), "completed");
}

TEST_F(StoreTest, AnUnclaimedReadyJobMayEnd) {
  const Id a = job("a");
  const Id blocked = job("b", {a});
  initialize();
  EXPECT_NE(refusal([&] { complete(blocked); }, Reason::unprocessable), "");
  EXPECT_NO_THROW(complete(a));
}

TEST_F(StoreTest, AJobThatIsNotClaimedDoesNotStart) {
  const Id a = job("a");
  initialize();
  const Id n = node();
  EXPECT_NE(refusal([&] { start_job(connection, a, 0, n); }, Reason::conflict), "");
  claim(1);
  EXPECT_NE(refusal([&] { start_job(connection, a, 0, n + 1); }, Reason::unprocessable), "") << "no such node";
  EXPECT_NE(refusal([&] { start_job(connection, 99, 0, n); }, Reason::not_found), "");
}

TEST_F(StoreTest, OnlyAFinalStatusEndsAJob) {
  const Id a = job("a");
  initialize();
  EXPECT_NE(refusal([&] { complete(a, JobStatus::running); }, Reason::unprocessable), "");
  EXPECT_NE(refusal([&] { change_job_status(connection, a, JobStatus::failed, 0); }, Reason::unprocessable), "");
}

TEST_F(StoreTest, AResultOfAnotherJobIsRefused) {
  const Id a = job("a");
  const Id b = job("b");
  initialize();
  EXPECT_NE(refusal([&] { complete_job(connection, a, JobStatus::completed, 0, result(b, 1)); }, Reason::unprocessable),
            "");
}

TEST_F(StoreTest, AnInitializedJobKeepsItsCommand) {
  const Id a = job("a");
  model::Job changed = job_body("a");
  changed.command = "false";
  EXPECT_EQ(update_job(connection, a, changed).command, "false");
  initialize();
  changed.command = "true";
  EXPECT_NE(refusal([&] { update_job(connection, a, changed); }, Reason::unprocessable), "");
  changed.command = "false";
  changed.scheduler_id = 7;
  EXPECT_EQ(update_job(connection, a, changed).scheduler_id, 7);
}

TEST_F(StoreTest, AJobDependsOnlyOnJobsOfItsWorkflow) {
  const Id other = create_workflow(connection, named_workflow("o")).id.value();
  model::Job foreign = job_body("f");
  foreign.workflow_id = other;
  const Id foreign_id = create_jobs(connection, other, {foreign}).front().id.value();
  EXPECT_NE(refusal([&] { job("a", {foreign_id}); }, Reason::unprocessable), "");
}

}  // namespace torc::store
