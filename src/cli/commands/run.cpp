#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "cli/options/runner_options.hpp"
#include "cli/parser/checks.hpp"
#include "cli/print/reporters.hpp"
#include "cli/print/run_report.hpp"
#include "torc/app/workflows/create_workflow.hpp"
#include "torc/base/strings.hpp"
#include "torc/workflow_file/workflow_description.hpp"

namespace torc::cli {
namespace {

struct RunOptions {
  std::string spec_or_id;
  RunnerSettings runner{};
  std::string output_directory{"torc_output"};
  bool skip_checks{false};
};

/// The workflow to run: an existing one given by ID, or a new one created from a file.
model::Id find_or_create(const RunOptions& options, CommandContext& context) {
  if (check_id(options.spec_or_id).empty()) {
    return *base::parse_int(options.spec_or_id);
  }
  const auto description = workflow_file::read_workflow_file(options.spec_or_id);
  // Before the workflow is created, so that a failure does not leave one behind.
  runner::make_output_directory(options.output_directory);
  runner::check_shell(options.runner.shell.value_or(""));
  const model::Id id = app::create_workflow(context.api(), description, {.user = context.user()});
  context.output().line(fmt::format("Created workflow {}", id));
  return id;
}

runner::RunnerOptions runner_settings(const RunOptions& options) {
  runner::RunnerOptions result;
  result.output_directory = options.output_directory;
  result.poll_interval = std::chrono::milliseconds(static_cast<std::int64_t>(options.runner.poll_interval_s * 1000.0));
  result.max_parallel_jobs = options.runner.max_parallel_jobs;
  result.num_cpus = options.runner.num_cpus;
  result.memory_gb = options.runner.memory_gb;
  result.num_gpus = options.runner.num_gpus;
  result.shell = options.runner.shell.value_or("");
  result.idle_timeout = idle_timeout(options.runner.times);
  return result;
}

int run(const RunOptions& options, CommandContext& context) {
  const auto stop = context.prepare_run();
  context.check_output_directory(options.output_directory);
  app::RunRequest request{.runner = runner_settings(options), .skip_checks = options.skip_checks};
  request.runner.worker = runner::worker_identity_from_environment();
  request.runner.kill_now = context.kill_now();
  request.runner.drain = context.drain();
  time_left(options.runner.times);  // Reports invalid limits before a workflow is created.
  const model::Id id = find_or_create(options, context);
  request.runner.workflow_id = id;
  request.runner.time_limit = time_left(options.runner.times);
  const auto reporter = make_reporter(context.output());
  const auto outcome = app::run_workflow(context.api(), std::move(request), context.server_access(), *reporter, stop);
  return report_run(outcome, id, /*output_directory=*/"", context.options(), context.output());
}

std::vector<OptionInfo> workflow_and_output_options(RunOptions& options) {
  return {{.names = "workflow-spec-or-id",
           .target = &options.spec_or_id,
           .completion = Completion::file,
           .required = true,
           .help = "Workflow file (YAML, JSON, JSON5), or ID of a workflow"},
          output_directory_option(options.output_directory)};
}

}  // namespace

CommandInfo run_command() {
  auto options = std::make_shared<RunOptions>();
  return {.path = "run",
          .summary = "Run the jobs of a workflow on this machine",
          .options = joined(workflow_and_output_options(*options), runner_options(options->runner),
                            std::vector<OptionInfo>{{.names = "--skip-checks",
                                                     .target = &options->skip_checks,
                                                     .help = "Do not check that the input files exist"}}),
          .examples = {{.comment = "Create a workflow from the file and run it", .command = "torc run sweep.yaml"},
                       {.comment = "Run the jobs of workflow 42", .command = "torc run 42"},
                       {.comment = "At most four in parallel", .command = "torc run 42 --max-parallel-jobs 4"},
                       {.comment = "Without a server", .command = "torc -s run sweep.yaml"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
