#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "cli/print/workflow_json.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/json.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
};

void print(const model::Workflow& workflow, const Output& output) {
  output.line(fmt::format("Workflow ID {}:", workflow.id.value_or(0)));
  const auto line = [&](const char* label, const std::string& value) {
    if (!value.empty()) {
      output.line(base::printable_line(fmt::format("  {}: {}", label, value)));
    }
  };
  line("Name", workflow.name);
  line("User", workflow.user);
  line("Description", workflow.description.value_or(""));
  line("Timestamp", workflow.timestamp.value_or(""));
  line("Project", workflow.project.value_or(""));
  line("Metadata", workflow.metadata.value_or(""));
  line("Execution config", workflow.execution_config.value_or(""));
  const nlohmann::json document = workflow_json(workflow);
  if (const auto monitor = document.find("resource_monitor_config"); monitor != document.end()) {
    if (!monitor->is_object()) {
      line("Resource Monitor", model::dump_json(*monitor));
      return;
    }
    output.line("  Resource Monitor:");
    for (const auto& [name, value] : monitor->items()) {
      line(("  " + name).c_str(), value.is_string() ? value.get<std::string>() : model::dump_json(value));
    }
  }
}

int run(const Options& options, CommandContext& context) {
  const auto workflow = context.api().get_workflow(context.workflow_id(options.workflow_id));
  if (context.output().json()) {
    context.output().document(workflow_json(workflow));
  } else {
    print(workflow, context.output());
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo workflows_get_command() {
  auto options = std::make_shared<Options>();
  return {.path = "workflows get",
          .summary = "Show a workflow",
          .options = {workflow_id_argument(options->workflow_id)},
          .examples = {{.command = "torc workflows get 42"}, {.command = "torc -f json workflows get 42"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
