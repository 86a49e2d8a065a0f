// When actions are triggered, and which runner claims them.

#include "torc/store/actions.hpp"

#include "unit/store/store_fixture.hpp"

namespace torc::store {

class ActionsTest : public StoreTest {
 protected:
  Id action(const std::string& trigger, std::vector<Id> jobs = {}, bool persistent = false) {
    model::WorkflowAction body;
    body.workflow_id = workflow;
    body.trigger_type = trigger;
    body.action_type = "run_commands";
    body.action_config = {{"commands", {"true"}}};
    body.persistent = persistent;
    if (!jobs.empty()) {
      body.job_ids = std::move(jobs);
    }
    return create_action(connection, workflow, body).id.value();
  }
  std::vector<Id> pending(const std::vector<std::string>& triggers = {}) {
    std::vector<Id> ids;
    for (const auto& found : pending_actions(connection, workflow, triggers)) {
      ids.push_back(found.id.value());
    }
    return ids;
  }
  bool claim_it(Id id) { return claim_action(connection, workflow, id, 1); }
  using Ids = std::vector<Id>;
};

TEST_F(ActionsTest, TheWorkflowStartsWhenItIsInitialized) {
  job("a");
  const Id start = action("on_workflow_start");
  const Id worker = action("on_worker_start", {}, true);
  EXPECT_EQ(pending(), Ids{});
  initialize();
  EXPECT_EQ(pending(), (Ids{start, worker}));
  EXPECT_EQ(pending({"on_worker_start", "on_jobs_ready"}), Ids{worker});
}

TEST_F(ActionsTest, RunsOncePerInitialization) {
  job("a");
  const Id start = action("on_workflow_start");
  initialize();
  EXPECT_TRUE(claim_it(start));
  EXPECT_FALSE(claim_it(start));
  EXPECT_EQ(pending(), Ids{});
  EXPECT_EQ(actions(connection, workflow).front().executed_by, 1);
  initialize();
  EXPECT_EQ(pending(), Ids{start});
}

TEST_F(ActionsTest, EveryRunnerClaimsAPersistentAction) {
  job("a");
  const Id worker = action("on_worker_start", {}, true);
  initialize();
  EXPECT_TRUE(claim_it(worker));
  EXPECT_TRUE(claim_it(worker));
  EXPECT_EQ(pending(), Ids{worker});
}

TEST_F(ActionsTest, TriggersOfJobsWaitForAllOfThem) {
  const Id a = job("a");
  const Id b = job("b", {a});
  const Id ready = action("on_jobs_ready", {a, b});
  const Id ended = action("on_jobs_complete", {a, b});
  const Id end = action("on_workflow_complete");
  initialize();
  EXPECT_EQ(pending(), Ids{});
  EXPECT_EQ(actions(connection, workflow).front().trigger_count, 1);
  EXPECT_EQ(actions(connection, workflow).front().required_triggers, 2);
  complete(a);
  EXPECT_EQ(pending(), Ids{ready});
  EXPECT_TRUE(claim_it(ready));
  complete(b, model::JobStatus::failed);
  EXPECT_EQ(pending(), (Ids{ended, end}));
}

TEST_F(ActionsTest, InvalidActionsAreRefusedAndNotStored) {
  const auto other = create_workflow(connection, named_workflow("other")).id.value();
  const Id a = job("a");
  model::WorkflowAction body;
  body.trigger_type = "on_jobs_ready";
  body.action_type = "run_commands";
  body.action_config = {{"commands", {"true"}}};
  const auto refused = [&](const model::WorkflowAction& wrong) {
    return refusal([&] { create_action(connection, workflow, wrong); }, Refused::Reason::unprocessable);
  };
  auto wrong = body;
  wrong.trigger_type = "on_whim";
  EXPECT_NE(refused(wrong).find("on_whim"), std::string::npos);
  wrong = body;
  wrong.action_type = "dance";
  EXPECT_NE(refused(wrong).find("dance"), std::string::npos);
  wrong = body;
  wrong.action_config = {{"commands", 7}};
  EXPECT_NE(refused(wrong).find("commands"), std::string::npos);
  wrong = body;
  wrong.action_config = nullptr;
  EXPECT_NE(refused(wrong).find("object"), std::string::npos);
  EXPECT_NE(
      refusal([&] { claim_action(connection, other, action("on_jobs_ready", {a}), 1); }, Refused::Reason::not_found),
      "")
      << "another workflow's action";
}

}  // namespace torc::store
