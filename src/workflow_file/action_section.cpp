#include <array>
#include <span>
#include <string>
#include <string_view>

#include "workflow_file/draft.hpp"

namespace torc::workflow_file {
namespace {

constexpr std::array<std::string_view, 6> k_action_keys{"trigger_type",     "action_type", "jobs",
                                                        "job_name_regexes", "commands",    "persistent"};
constexpr std::array<std::string_view, 5> k_action_keys_not_yet{"scheduler", "scheduler_type", "num_allocations",
                                                                "start_one_worker_per_node", "max_parallel_jobs"};
constexpr Keys k_action{"an action", k_action_keys, k_action_keys_not_yet};

constexpr std::array<std::string_view, 6> k_triggers{"on_workflow_start", "on_workflow_complete", "on_jobs_ready",
                                                     "on_jobs_complete",  "on_worker_start",      "on_worker_complete"};
constexpr std::array<std::string_view, 2> k_types{"run_commands", "schedule_nodes"};

std::string required_choice(const Fields& fields, std::string_view key, std::span<const std::string_view> choices) {
  fields.required_text(key);
  return *fields.choice(key, choices);
}

void check_jobs(const Fields& fields, const std::string& trigger) {
  const bool of_jobs = trigger == "on_jobs_ready" || trigger == "on_jobs_complete";
  const Node* jobs = fields.find("jobs");
  const Node* regexes = fields.find("job_name_regexes");
  if (of_jobs && jobs == nullptr && regexes == nullptr) {
    fail(fields.document(), fields.node(), "an action with the trigger {} needs 'jobs' or 'job_name_regexes'", trigger);
  }
  if (!of_jobs && (jobs != nullptr || regexes != nullptr)) {
    fail(fields.document(), jobs != nullptr ? *jobs : *regexes, "'{}' is only valid with triggers of jobs, not with {}",
         jobs != nullptr ? "jobs" : "job_name_regexes", trigger);
  }
}

ActionDescription read_action(const Fields& fields) {
  ActionDescription description;
  auto& action = description.action;
  action.trigger_type = required_choice(fields, "trigger_type", k_triggers);
  action.action_type = required_choice(fields, "action_type", k_types);
  if (action.action_type == "schedule_nodes") {
    fail(fields.document(), *fields.find("action_type"), "the action schedule_nodes is not supported yet");
  }
  check_jobs(fields, action.trigger_type);
  const auto commands = fields.texts("commands");
  if (commands.empty()) {
    fail(fields.document(), fields.node(), "'commands' is missing in an action that runs commands");
  }
  action.action_config = {{"commands", commands}};
  action.persistent = fields.boolean("persistent").value_or(false);
  description.jobs = fields.texts("jobs");
  return description;
}

}  // namespace

void read_actions(const Fields& top, Draft& draft) {
  for (const auto& member : top.list("actions")) {
    const Fields fields(top.document(), *member.value, k_action);
    draft.description.actions.push_back(read_action(fields));
    draft.job_name_regexes.push_back(fields.texts("job_name_regexes"));
    draft.action_nodes.push_back(member.value);
  }
}

}  // namespace torc::workflow_file
