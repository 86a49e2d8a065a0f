#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "torc/cli/command.hpp"

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

void add_cancel(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("cancel", "Cancel a workflow: its runners end their jobs and leave");
  add_optional_workflow_id(command, options->workflow_id);
  command.footer(
      "Examples:\n"
      "  torc cancel 42\n"
      "  torc workflows reset-status 42 --failed-only --reinitialize     resume it later; completed jobs are kept\n");
  command.callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return run(*options, context); }; });
}

}  // namespace torc::cli
