#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "cli/parser/checks.hpp"
#include "cli/print/reporters.hpp"
#include "cli/print/run_report.hpp"
#include "torc/app/workflows/create_workflow.hpp"
#include "torc/app/workflows/exec_workflow.hpp"
#include "torc/model/worker_file.hpp"

namespace torc::cli {
namespace {

struct Options {
  app::ExecOptions workflow{};
  std::optional<std::int64_t> max_parallel_jobs{};
  std::optional<std::string> shell{};
  std::string output_directory{"torc_output"};
  bool dry_run{false};
};

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  if (options.dry_run) {
    output.document(app::workflow_file_document(app::exec_workflow(options.workflow)));
    return k_exit_ok;
  }
  const workflow_file::WorkflowDescription description = app::exec_workflow(options.workflow);
  const auto stop = context.prepare_run();
  context.check_output_directory(options.output_directory);
  // Before the workflow is created, so that a failure does not leave one behind.
  runner::make_output_directory(options.output_directory);
  runner::check_shell(options.shell.value_or(""));
  const model::Id id = app::create_workflow(context.api(), description, {.user = context.user(), .stop = stop});
  app::RunRequest request{.new_jobs = static_cast<std::int64_t>(description.jobs.size())};
  request.runner.workflow_id = id;
  request.runner.max_parallel_jobs = options.max_parallel_jobs;
  request.runner.shell = options.shell.value_or("");
  request.runner.output_directory = options.output_directory;
  request.runner.kill_now = context.kill_now();
  request.runner.drain = context.drain();
  output.line(fmt::format("Created workflow {}", id));
  const auto reporter = make_reporter(output);
  const auto outcome = app::run_workflow(context.api(), std::move(request), context.server_access(), *reporter, stop);
  const bool keeps_output = options.workflow.stdio != "none";
  return report_run(outcome, id, keeps_output ? options.output_directory : "", context.options(), output);
}

std::vector<OptionInfo> commands_options(app::ExecOptions& options) {
  return {{.names = "COMMAND",
           .target = &options.words,
           .value = "[-- COMMAND...]",
           .completion = Completion::program,
           .every_word = true,
           .mark = &options.marked,
           .help = "One command with its arguments"},
          {.names = "-c,--command",
           .target = &options.commands,
           .value = "CMD",
           .help = "Shell command line to run; repeatable"},
          {.names = "-C,--commands-file",
           .target = &options.commands_file,
           .value = "FILE",
           .check = check_not_empty,
           .completion = Completion::file,
           .help = "File with one command per line; blank lines and lines starting with # are ignored; - is standard "
                   "input"},
          {.names = "--param",
           .target = &options.parameters,
           .value = "NAME=VALUE",
           .help = "Values for {NAME} in commands: 1:10, 0:1:0.1, [a,b,c], one value, or @FILE (one per line); "
                   "repeatable"},
          {.names = "--link",
           .target = &options.link,
           .value = "MODE",
           .choices = {"product", "zip"},
           .default_text = "product",
           .help = "How to combine several parameters: all combinations of their values (product), or the first values "
                   "of all, then the second ones, and so on (zip)"},
          {.names = "-n,--name",
           .target = &options.name,
           .value = "NAME",
           .check = check_not_empty,
           .help = "Name of the workflow (default: exec_ and the time)"},
          {.names = "--description",
           .target = &options.description,
           .value = "TEXT",
           .help = "Description of the workflow"}};
}

std::vector<OptionInfo> run_options(Options& options) {
  return {{.names = "-j,--max-parallel-jobs",
           .target = &options.max_parallel_jobs,
           .value = "N",
           .range = Range{1, model::k_max_parallel_jobs},
           .help = "Maximum number of parallel jobs (default: number of CPUs)"},
          shell_option(options.shell),
          output_directory_option(options.output_directory),
          {.names = "--dry-run",
           .target = &options.dry_run,
           .help = "Print the workflow as a workflow file in JSON, without running it; needs no server"}};
}

std::vector<OptionInfo> recording_options(app::ExecOptions& options) {
  return {{.names = "--monitor",
           .target = &options.monitor,
           .value = "MODE",
           .choices = {"off", "summary", "time-series"},
           .default_text = options.monitor,
           .help = "Resource usage to record for each job"},
          {.names = "--monitor-compute-node",
           .target = &options.monitor_compute_node,
           .value = "MODE",
           .choices = {"off", "summary", "time-series"},
           .default_text = options.monitor_compute_node,
           .help = "Resource usage to record for the machine"},
          {.names = "--generate-plots",
           .target = &options.generate_plots,
           .help = "Draw plots of the recording; requires time-series"},
          {.names = "-i,--sample-interval-seconds",
           .target = &options.sample_interval_s,
           .value = "SECONDS",
           .range = Range{1, 4'294'967'295},
           .default_text = "10",
           .help = "Seconds between two samples"},
          {.names = "--stdio",
           .target = &options.stdio,
           .value = "MODE",
           .choices = {"separate", "combined", "no-stdout", "no-stderr", "none"},
           .default_text = "separate",
           .help = "Which output of jobs to keep, and in which files"}};
}

}  // namespace

CommandInfo exec_command() {
  auto options = std::make_shared<Options>();
  return {
      .path = "exec",
      .summary = "Run commands on this machine, without a workflow file",
      .options =
          joined(commands_options(options->workflow), run_options(*options), recording_options(options->workflow)),
      .examples =
          {{.comment = "One command, without a server", .command = "torc -s exec -c 'echo hi'"},
           {.comment = "The same: all words after -- are one command",
            .command = "torc -s exec -- python train.py --epochs 10"},
           {.comment = "The commands of a file, eight in parallel", .command = "torc -s exec -j 8 -C commands.txt"},
           {.comment = "The commands that another program prints",
            .command = "ls *.png | sed 's/^/optipng /' | torc -s exec -C -"},
           {.comment = "One job per value", .command = "torc -s exec -c 'run --seed {s}' --param s=1:100"},
           {.comment = "The first values together, then the second ones, and so on",
            .command =
                "torc -s exec -c 'curl -o {out} {url}' --param out=@names.txt \\\n  --param url=@urls.txt --link zip"}},
      .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
