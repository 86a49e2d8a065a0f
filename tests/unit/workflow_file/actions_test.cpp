#include "unit/workflow_file/parsed.hpp"

namespace torc::workflow_file {
namespace {

using Json = nlohmann::json;

WorkflowDescription with_actions(const std::string& actions) {
  return yaml("name: p\nactions: [" + actions + "]\njobs:\n  - {name: 'a_{i}', command: x, parameters: {i: '1:2'}}\n" +
              "  - {name: b, command: x}\n");
}

TEST(Actions, RunCommandsAtEveryTrigger) {
  for (const std::string trigger : {"on_workflow_start", "on_workflow_complete", "on_worker_start",
                                    "on_worker_complete", "on_jobs_ready", "on_jobs_complete"}) {
    const std::string jobs = trigger.find("jobs") == std::string::npos ? "" : ", jobs: [b]";
    const auto description =
        with_actions("{trigger_type: " + trigger + ", action_type: run_commands, commands: ['echo 1', x]" + jobs + "}");
    ASSERT_EQ(description.actions.size(), 1U);
    const auto& [action, names] = description.actions[0];
    EXPECT_EQ(action.trigger_type, trigger);
    EXPECT_EQ(action.action_type, "run_commands");
    EXPECT_EQ(action.action_config, Json::parse(R"({"commands": ["echo 1", "x"]})"));
    EXPECT_EQ(names, jobs.empty() ? Texts{} : Texts{"b"});
  }
}

TEST(Actions, ArePersistentOnRequest) {
  const std::string start = "{trigger_type: on_worker_start, action_type: run_commands, commands: [x]";
  EXPECT_EQ(with_actions(start + "}").actions[0].action.persistent, false);
  EXPECT_EQ(with_actions(start + ", persistent: true}").actions[0].action.persistent, true);
}

TEST(Actions, SelectJobsByRegex) {
  const std::string start = "{trigger_type: on_jobs_complete, action_type: run_commands, commands: [x], ";
  EXPECT_EQ(with_actions(start + "job_name_regexes: ['^a_']}").actions[0].jobs, (Texts{"a_1", "a_2"}));
  EXPECT_EQ(with_actions(start + "jobs: [b, a_2, b], job_name_regexes: ['_1$', '^a']}").actions[0].jobs,
            (Texts{"b", "a_2", "a_1"}));
}

class ActionError : public testing::TestWithParam<Case> {};

TEST_P(ActionError, NamesFileLineAndKey) {
  EXPECT_EQ(message_of("name: p\njobs: [{name: a, command: x}]\nactions:\n  - {" + GetParam().text + "}\n"),
            GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, ActionError,
    testing::Values(
        Case{"unknown_key", "trigger: on_workflow_start",
             "wf.yaml:4: unknown key 'trigger' in an action (did you mean 'trigger_type'?); allowed are trigger_type, "
             "action_type, jobs, "
             "job_name_regexes, commands, persistent"},
        Case{"no_trigger", "action_type: run_commands, commands: [x]",
             "wf.yaml:4: 'trigger_type' is missing in an action"},
        Case{"unknown_trigger", "trigger_type: on_start, action_type: run_commands, commands: [x]",
             "wf.yaml:4: 'trigger_type' must be on_workflow_start, on_workflow_complete, on_jobs_ready, "
             "on_jobs_complete, on_worker_start or on_worker_complete, found 'on_start'"},
        Case{"unknown_type", "trigger_type: on_workflow_start, action_type: run, commands: [x]",
             "wf.yaml:4: 'action_type' must be run_commands or schedule_nodes, found 'run'"},
        Case{"schedule_nodes", "trigger_type: on_workflow_start, action_type: schedule_nodes",
             "wf.yaml:4: the action schedule_nodes is not supported yet"},
        Case{"scheduler", "trigger_type: on_workflow_start, action_type: schedule_nodes, scheduler: s",
             "wf.yaml:4: 'scheduler' is not supported yet"},
        Case{"no_commands", "trigger_type: on_workflow_start, action_type: run_commands",
             "wf.yaml:4: 'commands' is missing in an action that runs commands"},
        Case{"blank_command", "trigger_type: on_workflow_start, action_type: run_commands, commands: ['']",
             "wf.yaml:4: 'commands' must not be empty"},
        Case{"no_jobs", "trigger_type: on_jobs_ready, action_type: run_commands, commands: [x]",
             "wf.yaml:4: an action with the trigger on_jobs_ready needs 'jobs' or 'job_name_regexes'"},
        Case{"jobs_of_no_use", "trigger_type: on_workflow_start, action_type: run_commands, commands: [x], jobs: [a]",
             "wf.yaml:4: 'jobs' is only valid with triggers of jobs, not with on_workflow_start"},
        Case{"no_such_job", "trigger_type: on_jobs_ready, action_type: run_commands, commands: [x], jobs: [b]",
             "wf.yaml:4: 'jobs' names 'b', which is not among the jobs"},
        Case{"no_match",
             "trigger_type: on_jobs_ready, action_type: run_commands, commands: [x], job_name_regexes: ['^b']",
             "wf.yaml:4: 'job_name_regexes': '^b' matches no job"}),
    label_of);

}  // namespace
}  // namespace torc::workflow_file
