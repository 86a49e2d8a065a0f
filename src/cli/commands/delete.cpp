#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/parser/checks.hpp"
#include "cli/print/terminal.hpp"
#include "cli/print/workflow_json.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::vector<model::Id> workflow_ids{};
  bool force{false};
};

bool confirmed(client::Api& api, model::Id id, const Output& output) {
  const auto workflow = api.get_workflow(id);
  client::JobFilter first;
  first.paging.limit = 1;
  const auto jobs = api.list_jobs(id, first).total_count;
  output.note(
      fmt::format("\nWarning: You are about to delete the following workflow:\n"
                  "  ID: {}\n"
                  "  Name: {}\n"
                  "  User: {}\n"
                  "  Description: {}\n\n"
                  "This will also delete:\n"
                  "  - {} job(s)\n"
                  "  - All associated files, user data, and results\n"
                  "  - All job dependencies and relationships\n\n"
                  "This action cannot be undone.\n",
                  id, base::printable_line(workflow.name), base::printable_line(workflow.user),
                  base::printable_line(workflow.description.value_or("")), jobs));
  return ask_yes_no("Are you sure you want to delete this workflow?");
}

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  if (!options.force && !can_ask()) {
    throw base::UsageError(
        "standard input is not a terminal to ask for confirmation; add --force to delete without "
        "asking");
  }
  nlohmann::json deleted = nlohmann::json::array();
  std::vector<std::string> errors;
  // Continue with the other workflows if one cannot be deleted.
  for (const model::Id id : options.workflow_ids) {
    try {
      if (!options.force && !confirmed(context.api(), id, output)) {
        output.line(fmt::format("Deletion cancelled for workflow {}.", id));
        continue;
      }
      deleted.push_back(workflow_json(context.api().delete_workflow(id)));
      output.line(fmt::format("Successfully deleted workflow {}", id));
    } catch (const base::ApiError& error) {
      errors.push_back(fmt::format("workflow {}: {}", id, error.what()));
      if (error.unreachable()) {
        break;
      }
    }
  }
  if (output.json()) {
    output.document(deleted);
  }
  if (!errors.empty()) {
    throw base::Error(base::join(errors, "\n"));
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo delete_command() {
  auto options = std::make_shared<Options>();
  return {.path = "delete",
          .summary = "Delete workflows with everything that belongs to them",
          .options = {{.names = "workflow-ids",
                       .target = &options->workflow_ids,
                       .check = check_id,
                       .completion = Completion::workflow_id,
                       .required = true,
                       .help = "IDs of the workflows"},
                      {.names = "--force", .target = &options->force, .help = "Do not ask for confirmation"}},
          .examples = {{.command = "torc delete 42"}, {.command = "torc delete --force 42 43 44"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
