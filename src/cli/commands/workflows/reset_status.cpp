#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "cli/print/terminal.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  bool failed_only{false};
  bool reinitialize{false};
  bool force{false};
  bool no_prompts{false};
};

/// @returns whether to continue
bool confirmed(const Options& options, model::Id id, const Output& output) {
  if (options.no_prompts) {
    return true;
  }
  if (!can_ask()) {
    throw base::UsageError(
        "standard input is not a terminal to ask for confirmation; add --no-prompts to reset "
        "without asking");
  }
  output.note(fmt::format("\nWarning: You are about to reset the status for workflow {}.", id));
  output.note(options.failed_only
                  ? "This will reset the status of jobs that failed, were canceled or terminated, and of all jobs that "
                    "depend on them, including completed ones."
                  : "This will reset the status of all jobs as well as results of completed jobs.");
  return ask_yes_no("\nDo you want to continue?");
}

/// Starts the next run, in which the reset jobs become ready or blocked.
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

CommandInfo workflows_reset_status_command() {
  auto options = std::make_shared<Options>();
  return {
      .path = "workflows reset-status",
      .summary = "Reset jobs so that they run again",
      .options = {workflow_id_argument(options->workflow_id),
                  {.names = "--failed-only",
                   .target = &options->failed_only,
                   .help = "Reset jobs that failed, were canceled or terminated, and all jobs that depend on them"},
                  {.names = "-r,--reinitialize",
                   .target = &options->reinitialize,
                   .help = "Start a new run at once: make the jobs ready"},
                  {.names = "--force", .target = &options->force, .help = "Reset even if jobs are pending or running"},
                  {.names = "--no-prompts", .target = &options->no_prompts, .help = "Do not ask for confirmation"}},
      .examples = {{.command = "torc workflows reset-status 42"},
                   {.comment = "Run the failed jobs again",
                    .command = "torc workflows reset-status 42 --failed-only --reinitialize"}},
      .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
