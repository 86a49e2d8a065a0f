#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/print/terminal.hpp"
#include "torc/cli/command.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  bool failed_only{false};
  bool reinitialize{false};
  bool force{false};
  bool no_prompts{false};
};

/// @returns whether to go on
bool confirmed(const Options& options, model::Id id, const Output& output) {
  if (options.no_prompts) {
    return true;
  }
  if (!can_ask()) {
    throw base::UsageError(
        "standard input is not a terminal, so there is nobody to ask for confirmation; add --no-prompts to reset "
        "without asking");
  }
  output.note(fmt::format("\nWarning: You are about to reset the status for workflow {}.", id));
  output.note(options.failed_only
                  ? "This will reset the status of jobs that failed, were canceled or terminated, and of all jobs that "
                    "depend on them, including completed ones."
                  : "This will reset the status of all jobs as well as results of completed jobs.");
  return ask_yes_no("\nDo you want to continue?");
}

/// The jobs that were reset become ready or blocked, in a run of the next number.
void reinitialize(client::Api& api, model::Id id) {
  auto status = api.get_workflow_status(id);
  ++status.run_id;
  status.is_canceled = false;
  api.update_workflow_status(id, status);
  api.initialize_jobs(id, true, false);
}

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  const model::Id id = context.workflow_id(options.workflow_id);
  if (!confirmed(options, id, output)) {
    output.line("Reset cancelled.");
    return k_exit_ok;
  }
  client::Api& api = context.api();
  std::vector<std::string> messages;
  const auto done = [&](std::string message) {
    output.line(message);
    messages.push_back(std::move(message));
  };
  api.reset_workflow_status(id, options.force);
  done(fmt::format("Successfully reset workflow status for workflow {}", id));
  api.reset_job_status(id, options.failed_only);
  done(fmt::format("Successfully reset {} job status for workflow {}", options.failed_only ? "failed" : "all", id));
  nlohmann::json reinitialized = nullptr;
  if (options.reinitialize) {
    reinitialize(api, id);
    done(fmt::format("Successfully reinitialized workflow {}", id));
    reinitialized = true;
  }
  if (output.json()) {
    output.document({{"workflow_id", id},
                     {"status", "success"},
                     {"failed_only", options.failed_only},
                     {"messages", messages},
                     {"operations", {{"workflow_reset", true}, {"job_reset", true}, {"reinitialize", reinitialized}}}});
  }
  return k_exit_ok;
}

}  // namespace

void add_workflows_reset_status(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("reset-status", "Take jobs back to where they were before they ran");
  add_optional_workflow_id(command, options->workflow_id);
  command.flag("--failed-only", options->failed_only,
               "Reset jobs that failed, were canceled or terminated, and all jobs that depend on them");
  command.flag("-r,--reinitialize", options->reinitialize, "Make the jobs ready to run again at once");
  command.flag("--force", options->force, "Even where jobs are pending or running");
  command.flag("--no-prompts", options->no_prompts, "Do not ask");
  command.footer(
      "Examples:\n"
      "  torc workflows reset-status 42\n"
      "  torc workflows reset-status 42 --failed-only --reinitialize --no-prompts\n");
  command.callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return run(*options, context); }; });
}

}  // namespace torc::cli
