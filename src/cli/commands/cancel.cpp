#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
};

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  const model::Id id = context.workflow_id(options.workflow_id);
  context.api().cancel_workflow(id);
  output.line(fmt::format("Successfully canceled workflow {}", id));
  if (output.json()) {
    output.document({{"workflow_id", id},
                     {"status", "success"},
                     {"canceled_slurm_jobs", nlohmann::json::array()},
                     {"errors", nullptr}});
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo cancel_command() {
  auto options = std::make_shared<Options>();
  return {.path = "cancel",
          .summary = "Cancel a workflow: its runners end their jobs and exit",
          .options = {workflow_id_argument(options->workflow_id)},
          .examples = {{.command = "torc cancel 42"},
                       {.comment = "Resume it later; completed jobs are kept",
                        .command = "torc workflows reset-status 42 --failed-only --reinitialize"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
