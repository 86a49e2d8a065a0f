#include <array>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "torc/app/workflows/create_workflow.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/workflow_file/workflow_description.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::string file{};
  bool no_resource_monitoring{false};
  bool skip_checks{false};
  bool dry_run{false};
};

nlohmann::json summary_of(const workflow_file::WorkflowDescription& description) {
  nlohmann::json names = nlohmann::json::array();
  for (const auto& job : description.jobs) {
    names.push_back(job.name);
  }
  const auto& text = description.workflow.description;
  return {{"workflow_name", description.workflow.name},
          {"workflow_description", text ? nlohmann::json(*text) : nlohmann::json()},
          {"job_count", description.jobs.size()},
          {"job_count_before_expansion", description.job_count_before_expansion},
          {"file_count", description.files.size()},
          {"file_count_before_expansion", description.file_count_before_expansion},
          {"user_data_count", description.user_data.size()},
          {"resource_requirements_count", description.resource_requirements.size()},
          {"slurm_scheduler_count", 0},
          {"action_count", description.actions.size()},
          {"has_schedule_nodes_action", false},
          {"job_names", std::move(names)},
          {"scheduler_names", nlohmann::json::array()}};
}

std::string counted(std::size_t count, std::int64_t before) {
  return static_cast<std::int64_t>(count) == before ? std::to_string(count)
                                                    : fmt::format("{} (expanded from {})", count, before);
}

int dry_run(const Options& options, const Output& output) {
  workflow_file::WorkflowDescription description;
  std::vector<std::string> errors;
  try {
    description = workflow_file::read_workflow_file(options.file);
  } catch (const base::Error& error) {
    if (!output.json()) {
      throw;
    }
    errors.push_back(error.what());
  }
  if (output.json()) {
    output.document({{"valid", errors.empty()},
                     {"errors", errors},
                     {"warnings", nlohmann::json::array()},
                     {"summary", summary_of(description)}});
  }
  output.line(fmt::format("Workflow: {}", base::printable_line(description.workflow.name)));
  output.line(fmt::format("  Jobs: {}", counted(description.jobs.size(), description.job_count_before_expansion)));
  output.line(fmt::format("  Files: {}", counted(description.files.size(), description.file_count_before_expansion)));
  output.line(fmt::format("  Resource requirements: {}", description.resource_requirements.size()));
  const std::array<std::pair<const char*, std::size_t>, 3> others{
      {{"User data records", description.user_data.size()},
       {"Failure handlers", description.failure_handlers.size()},
       {"Actions", description.actions.size()}}};
  for (const auto& [what, count] : others) {
    if (count > 0) {
      output.line(fmt::format("  {}: {}", what, count));
    }
  }
  output.line("Validation: PASSED");
  return errors.empty() ? k_exit_ok : k_exit_failure;
}

void tell_created(const Output& output, model::Id id) {
  output.line(fmt::format("Created workflow {}", id));
  if (output.json()) {
    output.document({{"workflow_id", id},
                     {"status", "success"},
                     {"message", fmt::format("Workflow created successfully with ID: {}", id)}});
  }
}

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  if (options.dry_run) {
    return dry_run(options, output);
  }
  const workflow_file::WorkflowDescription description = workflow_file::read_workflow_file(options.file);
  const app::CreateOptions create{
      .user = context.user(), .resource_monitoring = !options.no_resource_monitoring, .stop = context.stop_on_signal()};
  const model::Id id = app::create_workflow(context.api(), description, create);
  try {
    tell_created(output, id);
    output.check();
  } catch (const base::Error&) {
    // The ID could not be printed, so nobody could use or delete the workflow.
    context.api().delete_workflow(id);
    throw;
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo create_command() {
  auto options = std::make_shared<Options>();
  return {.path = "create",
          .summary = "Create a workflow from a file",
          .options = {{.names = "file",
                       .target = &options->file,
                       .completion = Completion::file,
                       .required = true,
                       .help = "Workflow file: .yaml, .yml, .json or .json5"},
                      {.names = "--no-resource-monitoring",
                       .target = &options->no_resource_monitoring,
                       .help = "Do not record the memory and CPU usage of jobs"},
                      {.names = "--skip-checks",
                       .target = &options->skip_checks,
                       .help = "Ignored; accepted for compatibility with torc 0.23"},
                      {.names = "--dry-run",
                       .target = &options->dry_run,
                       .help = "Check the file and show what would be created; needs no server"}},
          .examples = {{.command = "torc create sweep.yaml"},
                       {.command = "torc create --dry-run sweep.yaml"},
                       {.command = "id=$(torc -f json create sweep.yaml | jq .workflow_id)"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
