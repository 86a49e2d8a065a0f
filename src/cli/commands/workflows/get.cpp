#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/print/workflow_json.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/cli/command.hpp"
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

void add_workflows_get(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("get", "Show a workflow");
  add_optional_workflow_id(command, options->workflow_id);
  command.footer(
      "Examples:\n"
      "  torc workflows get 42\n"
      "  torc -f json workflows get 42\n");
  command.callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return run(*options, context); }; });
}

}  // namespace torc::cli
