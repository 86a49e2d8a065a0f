#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "torc/model/json.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
};

int run(const Options& options, CommandContext& context) {
  const model::Id id = context.workflow_id(options.workflow_id);
  const auto completion = context.api().is_workflow_complete(id);
  context.output().line(
      fmt::format("Workflow {} completion status:\n  Is Complete: {}\n  Is Canceled: {}\n  Needs Completion Script: {}",
                  id, completion.is_complete, completion.is_canceled, completion.needs_to_run_completion_script));
  if (context.output().json()) {
    context.output().document(model::to_json(completion));
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo workflows_is_complete_command() {
  auto options = std::make_shared<Options>();
  return {.path = "workflows is-complete",
          .summary = "Check if a workflow is complete",
          .description = "A canceled workflow is complete. The exit status is 0 in either case; scripts read the JSON.",
          .options = {workflow_id_argument(options->workflow_id)},
          .examples = {{.command = "torc workflows is-complete 42"},
                       {.comment = "\"true\" or \"false\", for scripts",
                        .command = "torc -f json workflows is-complete 42 | jq .is_complete"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
