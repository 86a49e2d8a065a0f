#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/parser/checks.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/json.hpp"

namespace torc::cli {
namespace {

struct Options {
  model::Id id{0};
};

std::string ids_text(const std::optional<std::vector<model::Id>>& ids) {
  return ids && !ids->empty() ? fmt::format("[{}]", fmt::join(*ids, ", ")) : "None";
}

void print(const model::Job& job, const Output& output) {
  output.line(fmt::format("Job ID {}:", job.id.value_or(0)));
  const auto line = [&](const char* label, const std::string& value) {
    output.line(base::printable_line(fmt::format("  {}: {}", label, value)));
  };
  line("Name", job.name);
  line("Command", job.command);
  if (job.invocation_script && !job.invocation_script->empty()) {
    line("Invocation script", *job.invocation_script);
  }
  line("Workflow ID", std::to_string(job.workflow_id));
  line("Status", job.status ? model::to_string(*job.status) : "unknown");
  line("Attempt", std::to_string(job.attempt_id.value_or(1)));
  line("Priority", std::to_string(job.priority.value_or(0)));
  line("Resource requirements ID", std::to_string(job.resource_requirements_id.value_or(0)));
  line("Blocking job IDs", ids_text(job.depends_on_job_ids));
  line("Input file IDs", ids_text(job.input_file_ids));
  line("Output file IDs", ids_text(job.output_file_ids));
}

int run(const Options& options, CommandContext& context) {
  const auto job = context.api().get_job(options.id);
  if (context.output().json()) {
    context.output().document(model::to_json(job));
  } else {
    print(job, context.output());
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo jobs_get_command() {
  auto options = std::make_shared<Options>();
  return {.path = "jobs get",
          .summary = "Show a job",
          .options = {{.names = "id",
                       .target = &options->id,
                       .check = check_id,
                       .completion = Completion::job_id,
                       .required = true,
                       .help = "ID of the job"}},
          .examples = {{.command = "torc jobs get 456"}, {.command = "torc -f json jobs get 456"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
