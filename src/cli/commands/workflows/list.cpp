#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "cli/print/table.hpp"
#include "cli/print/workflow_json.hpp"

namespace torc::cli {
namespace {

struct Options {
  client::Paging paging{};
  bool archived_only{false};
  bool include_archived{false};
  bool all_users{false};
};

void print_table(const std::vector<model::Workflow>& workflows, const Options& options, const std::string& user,
                 const Output& output) {
  output.line(options.all_users ? "All workflows:" : fmt::format("Workflows for user {}:", user));
  Table table({"ID", "User", "Name", "Description", "Project", "Metadata", "Timestamp"});
  for (const auto& workflow : workflows) {
    table.add_row({std::to_string(workflow.id.value_or(0)), workflow.user, workflow.name,
                   workflow.description.value_or(""), workflow.project.value_or(""), workflow.metadata.value_or(""),
                   workflow.timestamp.value_or("")});
  }
  output.table(table);
  output.line(fmt::format("\nTotal: {} workflows", workflows.size()));
}

int run(const Options& options, CommandContext& context) {
  client::WorkflowFilter filter;
  filter.paging = options.paging;
  if (!options.all_users) {
    filter.user = context.user();
  }
  if (!options.include_archived) {
    filter.is_archived = options.archived_only;
  }
  const auto workflows = context.api().list_workflows(filter).items;
  const Output& output = context.output();
  if (output.json()) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& workflow : workflows) {
      list.push_back(workflow_json(workflow));
    }
    output.document({{"workflows", list}});
  } else if (workflows.empty()) {
    output.line(options.all_users ? "No workflows" : fmt::format("No workflows for user {}", context.user()));
  } else {
    print_table(workflows, options, context.user(), output);
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo workflows_list_command() {
  auto options = std::make_shared<Options>();
  return {.path = "workflows list",
          .summary = "List your workflows",
          .options = joined(
              paging_options(options->paging, PagingLetters::limit_only),
              std::vector<OptionInfo>{
                  {.names = "--archived-only", .target = &options->archived_only, .help = "Only archived workflows"},
                  {.names = "--include-archived",
                   .target = &options->include_archived,
                   .excludes = {"--archived-only"},
                   .help = "Include archived workflows"},
                  {.names = "--all-users", .target = &options->all_users, .help = "Workflows of all users"}}),
          .examples = {{.command = "torc workflows list"},
                       {.command = "torc workflows list --all-users --sort-by timestamp --reverse-sort"},
                       {.command = "torc -f json workflows list --limit 50"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
