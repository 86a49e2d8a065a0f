#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "cli/print/hints.hpp"
#include "cli/print/terminal.hpp"
#include "torc/app/workflows/create_workflow.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  bool force{false};
  bool no_prompts{false};
  bool dry_run{false};
};

std::vector<std::string> paths_of(const std::vector<model::File>& files) {
  std::vector<std::string> paths;
  for (const auto& file : files) {
    paths.push_back(file.path);
  }
  return paths;
}

void show(const Output& output, const std::string& title, const std::vector<std::string>& items) {
  if (!items.empty()) {
    output.line(fmt::format("{}: {}", title, items.size()));
  }
  for (const auto& item : items) {
    output.line(base::printable_line("  " + item));
  }
}

int dry_run(model::Id id, const app::Readiness& readiness, const Output& output) {
  const auto missing = paths_of(readiness.missing_input_files);
  const auto existing = paths_of(readiness.existing_output_files);
  show(output, "Missing input files", missing);
  show(output, "Empty user data", readiness.missing_user_data);
  show(output, "Existing output files, which jobs may overwrite", existing);
  output.line(readiness.ok() ? fmt::format("Workflow {} can be initialized", id)
                             : fmt::format("Workflow {} cannot be initialized without --force", id));
  nlohmann::json document{{"workflow_id", id},
                          {"safe", readiness.ok()},
                          {"missing_input_file_count", missing.size()},
                          {"missing_input_files", missing},
                          {"existing_output_file_count", existing.size()},
                          {"existing_output_files", existing}};
  if (!readiness.missing_user_data.empty()) {
    document["missing_user_data"] = readiness.missing_user_data;
  }
  if (output.json()) {
    output.document(document);
  }
  return readiness.ok() ? k_exit_ok : k_exit_failure;
}

/// @returns whether to continue
bool confirmed(const Options& options, model::Id id, const std::string& program, client::Api& api) {
  if (options.no_prompts || api.is_workflow_uninitialized(id)) {
    return true;
  }
  if (!can_ask()) {
    throw base::UsageError(fmt::format(
        "workflow {1} is already initialized, and standard input is not a terminal to ask for confirmation. Add "
        "--no-prompts to run all its jobs again, including completed ones. To keep completed jobs, use "
        "'{0} workflows reset-status {1} --failed-only --reinitialize --no-prompts' instead",
        program, id));
  }
  return ask_yes_no(
      fmt::format("Workflow {} is already initialized. Run all its jobs again, including completed ones?", id));
}

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  const model::Id id = context.workflow_id(options.workflow_id);
  client::Api& api = context.api();
  api.get_workflow(id);  // report an unknown ID first
  const app::Readiness readiness = app::check_readiness(api, id, /*with_outputs=*/true);
  if (options.dry_run) {
    return dry_run(id, readiness, output);
  }
  if (!options.force) {
    app::require_ready(id, readiness);
  }
  if (!confirmed(options, id, program_in_hints(context.options()), api)) {
    output.line("Nothing was changed.");
    return k_exit_ok;
  }
  for (const auto& file : readiness.existing_output_files) {
    output.note(
        base::printable_line(fmt::format("Note: the output file {} exists; a job may overwrite it", file.path)));
  }
  api.reset_workflow_status(id, /*force=*/false);
  api.reset_job_status(id, /*failed_only=*/false);
  app::start_next_run(api, id, /*only_uninitialized=*/false);
  output.line(fmt::format("Successfully started workflow {}", id));
  if (output.json()) {
    output.document(
        {{"workflow_id", id}, {"status", "success"}, {"message", fmt::format("Successfully started workflow {}", id)}});
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo workflows_init_command() {
  auto options = std::make_shared<Options>();
  return {.path = "workflows init",
          .summary = "Initialize a workflow: make its jobs ready to run",
          .options = {workflow_id_argument(options->workflow_id),
                      {.names = "--force", .target = &options->force, .help = "Continue if input files are missing"},
                      {.names = "--no-prompts", .target = &options->no_prompts, .help = "Do not ask for confirmation"},
                      {.names = "--dry-run",
                       .target = &options->dry_run,
                       .help = "Only show which input files are missing and which output files exist"}},
          .examples = {{.command = "torc workflows init 42"},
                       {.command = "torc workflows init 42 --dry-run"},
                       {.command = "torc workflows init 42 --force --no-prompts"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
