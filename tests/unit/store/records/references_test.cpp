#include "store/records/references.hpp"

#include <fmt/format.h>

#include "torc/model/schedulers.hpp"
#include "torc/store/actions.hpp"
#include "torc/store/compute_nodes.hpp"
#include "unit/store/raw_sql.hpp"
#include "unit/store/store_fixture.hpp"

namespace torc::store {
namespace {

/// A second workflow with one record of each kind that others can refer to.
class ReferencesTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    other = *create_workflow(connection, named_workflow("other")).id;
    model::FailureHandler failure_handler;
    failure_handler.workflow_id = other;
    failure_handler.name = "h";
    failure_handler.rules = "[]";
    handler = insert(connection, failure_handler);
    foreign_node = *create_compute_node(connection, node_body(other)).id;
    model::SlurmScheduler slurm;
    slurm.workflow_id = other;
    slurm.account = "a";
    slurm.nodes = 1;
    slurm.walltime = "01:00:00";
    scheduler = insert(connection, slurm);
  }

  static model::ComputeNode node_body(Id workflow_id) {
    model::ComputeNode node;
    node.workflow_id = workflow_id;
    node.hostname = "h";
    node.pid = 1;
    node.start_time = "2026-01-01T00:00:00Z";
    node.num_cpus = 1;
    node.num_nodes = 1;
    node.compute_node_type = "slurm";
    node.is_active = true;
    return node;
  }

  template <typename Work>
  std::string refusal(const Work& work) {
    try {
      work();
    } catch (const Refused& refused) {
      EXPECT_EQ(refused.reason(), Refused::Reason::unprocessable) << refused.what();
      return refused.what();
    }
    return "";
  }

  Id other{0};
  Id handler{0};
  Id scheduler{0};
  Id foreign_node{0};
};

TEST_F(ReferencesTest, AJobNamesRecordsOfItsWorkflowOnly) {
  auto body = job_body("a");
  body.failure_handler_id = handler;
  EXPECT_NE(refusal([&] { create_jobs(connection, workflow, {body}); }).find("failure handler"), std::string::npos);
  body.failure_handler_id.reset();
  body.scheduler_id = scheduler;
  EXPECT_NE(refusal([&] { create_jobs(connection, workflow, {body}); }).find("belongs to workflow"), std::string::npos);
  body.scheduler_id.reset();
  body.schedule_compute_nodes.emplace();
  body.schedule_compute_nodes->num_jobs = 1;
  body.schedule_compute_nodes->scheduler_id = scheduler;
  EXPECT_NE(refusal([&] { create_jobs(connection, workflow, {body}); }), "");
  const Id id = job("b");
  auto change = job_body("b");
  change.failure_handler_id = handler;
  EXPECT_NE(refusal([&] { update_job(connection, id, change); }), "");
  change.failure_handler_id.reset();
  change.scheduler_id = scheduler;
  EXPECT_NE(refusal([&] { update_job(connection, id, change); }), "");
  // The change contains another workflow than the job's.
  change.workflow_id = other;
  EXPECT_NE(refusal([&] { update_job(connection, id, change); }), "");
}

TEST_F(ReferencesTest, DeletedRecordsAreAccepted) {
  auto body = job_body("a");
  body.failure_handler_id = 999;
  body.scheduler_id = 999;
  EXPECT_EQ(refusal([&] { create_jobs(connection, workflow, {body}); }), "");
  body.scheduler_id = 0;
  EXPECT_EQ(refusal([&] { create_jobs(connection, workflow, {body}); }), "") << "as shown if there is no reference";
}

TEST_F(ReferencesTest, SchedulersOfTwoKindsMayHaveTheSameId) {
  model::LocalScheduler local;
  local.workflow_id = workflow;
  ASSERT_EQ(insert(connection, local), scheduler);
  auto body = job_body("a");
  body.scheduler_id = scheduler;
  EXPECT_EQ(refusal([&] { create_jobs(connection, workflow, {body}); }), "") << "the workflow's own local scheduler";
  auto node = node_body(workflow);
  node.scheduler_config_id = scheduler;
  EXPECT_NE(refusal([&] { create_compute_node(connection, node); }).find("Slurm scheduler"), std::string::npos);
  node.compute_node_type = "local";
  EXPECT_EQ(refusal([&] { create_compute_node(connection, node); }), "");
}

TEST_F(ReferencesTest, ComputeNodesOfAnotherWorkflowGetNoJobsAndReportNothing) {
  const Id a = job("a");
  initialize();
  const Claim claim{.workflow_id = workflow, .limit = 1, .compute_node_id = foreign_node};
  EXPECT_NE(refusal([&] { claim_next_jobs(connection, claim); }).find("compute node"), std::string::npos);
  model::ComputeNodesResources resources;
  EXPECT_NE(refusal([&] { claim_jobs_that_fit(connection, claim, resources, false); }), "");
  resources.scheduler_config_id = scheduler;
  EXPECT_NE(refusal([&] { claim_jobs_that_fit(connection, {.workflow_id = workflow, .limit = 1}, resources, false); }),
            "");
  model::Result result;
  result.workflow_id = workflow;
  result.job_id = a;
  result.run_id = workflow_status(connection, workflow).run_id;
  result.compute_node_id = foreign_node;
  result.completion_time = "2026-01-01T00:00:00Z";
  EXPECT_NE(refusal([&] { complete_job(connection, a, model::JobStatus::completed, result.run_id, result); }), "");
  EXPECT_NE(refusal([&] { insert(connection, result); }), "");
  EXPECT_EQ(get_job(connection, a).status, model::JobStatus::ready);
}

TEST_F(ReferencesTest, NodesAndActionsNameRecordsOfTheirWorkflowOnly) {
  auto node = node_body(workflow);
  node.scheduler_config_id = scheduler;
  EXPECT_NE(refusal([&] { create_compute_node(connection, node); }), "");
  node.scheduler_config_id.reset();
  const Id own_node = *create_compute_node(connection, node).id;
  node.scheduler_config_id = scheduler;
  EXPECT_NE(refusal([&] { update_compute_node(connection, own_node, node); }), "");
  model::ScheduledComputeNode scheduled;
  scheduled.workflow_id = other;
  scheduled.scheduler_id = 4711;
  scheduled.scheduler_config_id = scheduler;
  scheduled.scheduler_type = "slurm";
  scheduled.status = "pending";
  const Id scheduled_id = insert(connection, scheduled);
  node.scheduler_config_id.reset();
  node.scheduler = {{"type", "slurm"}, {"scheduler_id", scheduled_id}};
  EXPECT_NE(refusal([&] { create_compute_node(connection, node); }).find("scheduled compute node"), std::string::npos);
  scheduled.workflow_id = workflow;
  EXPECT_NE(refusal([&] { insert(connection, scheduled); }), "");
  model::WorkflowAction action;
  action.workflow_id = workflow;
  action.trigger_type = "on_workflow_start";
  action.action_type = "schedule_nodes";
  action.action_config = {{"scheduler_type", "slurm"}, {"scheduler_id", scheduler}};
  EXPECT_NE(refusal([&] { create_action(connection, workflow, action); }), "");
  action.action_config = {{"scheduler_type", "slurm"}, {"scheduler_id", 999}};
  const Id action_id = *create_action(connection, workflow, action).id;
  EXPECT_NE(refusal([&] { claim_action(connection, workflow, action_id, foreign_node); }), "");
}

TEST_F(ReferencesTest, UserDataIsLinkedWithinItsWorkflow) {
  model::UserData data;
  data.workflow_id = other;
  data.name = "d";
  const Id id = insert(connection, data);
  const Id a = job("a");
  EXPECT_NE(refusal([&] { link_user_data(connection, id, a, {}); }), "");
  EXPECT_NE(refusal([&] { link_user_data(connection, id, {}, a); }), "");
}

TEST_F(ReferencesTest, ACheckFindsReferencesThatAnOlderServerAccepted) {
  const Id a = job("a");
  initialize();
  EXPECT_TRUE(check_database(database.path()).ok());
  const auto numbers = [&](const std::string& text) {
    return fmt::format(fmt::runtime(text), fmt::arg("job", a), fmt::arg("own", workflow), fmt::arg("other", other),
                       fmt::arg("handler", handler), fmt::arg("scheduler", scheduler), fmt::arg("node", foreign_node));
  };
  run_sql(database.path(), numbers("UPDATE jobs SET failure_handler_id = {handler}, scheduler_id = {scheduler}, "
                                   "compute_node_id = {node} WHERE id = {job};"
                                   "INSERT INTO results (job_id, workflow_id, run_id, compute_node_id, return_code, "
                                   "exec_time_minutes, completion_time, status) VALUES ({job}, {own}, 1, {node}, 0, 0, "
                                   "'', 5);"
                                   "INSERT INTO files (workflow_id, name, path) VALUES ({other}, 'f', 'f');"
                                   "INSERT INTO job_input_files (job_id, file_id) VALUES ({job}, 1)"));
  const auto problems = check_database(database.path()).problems;
  for (const char* text :
       {"job {job} of workflow {own} refers to failure handler {handler}, which belongs to workflow {other}",
        "job {job} of workflow {own} refers to scheduler {scheduler}, which belongs to workflow {other}",
        "job {job} of workflow {own} refers to compute node {node}, which belongs to workflow {other}",
        "result 1 of workflow {own} refers to compute node {node}, which belongs to workflow {other}",
        "job {job} of workflow {own} refers to input file 1, which belongs to workflow {other}"}) {
    EXPECT_NE(std::find(problems.begin(), problems.end(), numbers(text)), problems.end()) << numbers(text);
  }
  EXPECT_EQ(problems.size(), 5U);
}

TEST_F(ReferencesTest, ACheckNamesTextThatIsNotJsonAndGoesOn) {
  const Id a = job("a");
  const Id own_node = node();
  run_sql(database.path(),
          fmt::format("INSERT INTO workflow_actions (workflow_id, trigger_type, action_type, action_config)"
                      " VALUES ({0}, 'on_workflow_start', 'run_commands', '{{oops');"
                      "UPDATE jobs SET schedule_compute_nodes = 'oops', failure_handler_id = {1};"
                      "UPDATE compute_nodes SET scheduler = '' WHERE id = {2}",
                      workflow, handler, own_node));
  const auto problems = check_database(database.path()).problems;
  const std::vector<std::string> expected{
      fmt::format("job {} of workflow {} has malformed JSON in schedule_compute_nodes", a, workflow),
      fmt::format("compute node {} of workflow {} has malformed JSON in scheduler", own_node, workflow),
      fmt::format("action 1 of workflow {} has malformed JSON in action_config", workflow),
      fmt::format("job {} of workflow {} refers to failure handler {}, which belongs to workflow {}", a, workflow,
                  handler, other)};
  EXPECT_EQ(problems, expected);
}

}  // namespace
}  // namespace torc::store
