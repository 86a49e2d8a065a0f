#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "cli/options/common_options.hpp"
#include "cli/options/time_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/print/reporters.hpp"
#include "cli/print/run_report.hpp"
#include "torc/app/workflows/create_workflow.hpp"
#include "torc/base/strings.hpp"
#include "torc/workflow_file/workflow_description.hpp"

namespace torc::cli {
namespace {

struct RunOptions {
  std::string spec_or_id;
  std::optional<std::int64_t> max_parallel_jobs;
  std::optional<std::int64_t> num_cpus;
  std::optional<double> memory_gb;
  std::optional<std::int64_t> num_gpus;
  double poll_interval_s{5.0};
  std::string output_directory{"torc_output"};
  TimeOptions times{};
  bool skip_checks{false};
};

/// The workflow to run: the one of that number, or a new one from that file.
model::Id find_or_create(const RunOptions& options, CommandContext& context) {
  if (check_id(options.spec_or_id).empty()) {
    return *base::parse_int(options.spec_or_id);
  }
  const auto description = workflow_file::read_workflow_file(options.spec_or_id);
  runner::make_output_directory(options.output_directory);  // Where that fails, there is no workflow to be left behind.
  const model::Id id = app::create_workflow(context.api(), description, {.user = context.user()});
  context.output().line(fmt::format("Created workflow {}", id));
  return id;
}

runner::RunnerOptions runner_options(const RunOptions& options) {
  runner::RunnerOptions result;
  result.output_directory = options.output_directory;
  result.poll_interval = std::chrono::milliseconds(static_cast<std::int64_t>(options.poll_interval_s * 1000.0));
  result.max_parallel_jobs = options.max_parallel_jobs;
  result.num_cpus = options.num_cpus;
  result.memory_gb = options.memory_gb;
  result.num_gpus = options.num_gpus;
  result.idle_timeout = idle_timeout(options.times);
  return result;
}

int run(const RunOptions& options, CommandContext& context) {
  const auto stop = context.prepare_run();
  context.check_output_directory(options.output_directory);
  app::RunRequest request{.runner = runner_options(options), .skip_checks = options.skip_checks};
  request.runner.worker = runner::worker_identity_from_environment();
  request.runner.kill_now = context.haste();
  request.runner.drain = context.drain();
  time_left(options.times);  // A mistake is told before a workflow is made.
  const model::Id id = find_or_create(options, context);
  request.runner.workflow_id = id;
  request.runner.time_limit = time_left(options.times);
  const auto reporter = make_reporter(context.output());
  const auto outcome = app::run_workflow(context.api(), std::move(request), context.server_access(), *reporter, stop);
  return report_run(outcome, id, /*output_directory=*/"", context.options(), context.output());
}

}  // namespace

void add_run(Command parent, Action& chosen) {
  auto options = std::make_shared<RunOptions>();
  const Command command = parent.subcommand("run", "Run a workflow's jobs on this machine");
  command
      .option("workflow-spec-or-id", options->spec_or_id, "Workflow file (YAML, JSON, JSON5), or the id of a workflow")
      .required()
      .type_name("");
  command.option("--max-parallel-jobs", options->max_parallel_jobs, "Run so many jobs at once, whatever they need")
      .range(std::int64_t{1}, std::int64_t{100'000});
  command.option("--num-cpus", options->num_cpus, "CPUs to give out [those this process may use]")
      .range(std::int64_t{1}, std::int64_t{1'000'000});
  command.option("--memory-gb", options->memory_gb, "Memory to give out, in GB [the machine's]").positive();
  command.option("--num-gpus", options->num_gpus, "GPUs to give out [the machine's]")
      .range(std::int64_t{0}, std::int64_t{10'000});
  command.option("-p,--poll-interval", options->poll_interval_s, "Seconds between questions for new jobs [5]")
      .range(0.01, 86'400.0);
  command.option("-o,--output-dir", options->output_directory, "Where output and logs go [torc_output]")
      .check(check_not_empty);
  add_time_options(command, options->times);
  command.flag("--skip-checks", options->skip_checks, "Do not check that input files are there");
  command.footer(
      "Examples:\n"
      "  torc run sweep.yaml                       make a workflow from the file and run it\n"
      "  torc run 42                               run the jobs of workflow 42\n"
      "  torc run 42 --max-parallel-jobs 4         no more than four at once\n"
      "  torc -s run sweep.yaml                    without a server\n");
  command.callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return run(*options, context); }; });
}

}  // namespace torc::cli
