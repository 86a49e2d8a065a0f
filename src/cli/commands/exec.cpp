#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/print/reporters.hpp"
#include "cli/print/run_report.hpp"
#include "torc/app/workflows/create_workflow.hpp"
#include "torc/app/workflows/exec_workflow.hpp"

namespace torc::cli {
namespace {

struct Options {
  app::ExecOptions workflow{};
  std::optional<std::int64_t> max_parallel_jobs{};
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
  // Where that fails, there is no workflow to be left behind.
  runner::make_output_directory(options.output_directory);
  const model::Id id = app::create_workflow(context.api(), description, {.user = context.user(), .stop = stop});
  app::RunRequest request{.new_jobs = static_cast<std::int64_t>(description.jobs.size())};
  request.runner.workflow_id = id;
  request.runner.max_parallel_jobs = options.max_parallel_jobs;
  request.runner.output_directory = options.output_directory;
  request.runner.kill_now = context.haste();
  request.runner.drain = context.drain();
  output.line(fmt::format("Created workflow {}", id));
  const auto reporter = make_reporter(output);
  const auto outcome = app::run_workflow(context.api(), std::move(request), context.server_access(), *reporter, stop);
  const bool keeps_output = options.workflow.stdio != "none";
  return report_run(outcome, id, keeps_output ? options.output_directory : "", context.options(), output);
}

void add_commands_options(const Command& command, app::ExecOptions& options) {
  command.option("COMMAND", options.words, "Behind '--': one command with its arguments").every_word().type_name("");
  command.option("-c,--command", options.commands, "Command to run, a line for the shell; repeatable")
      .type_name("CMD")
      .allow_extra_args(false);
  command
      .option("-C,--commands-file", options.commands_file,
              "File of commands, one a line, without blank lines and # comments; '-' is standard input")
      .type_name("FILE")
      .check(check_not_empty);
  command
      .option("--param", options.parameters,
              "Values for {NAME} in commands: 1:10, 0:1:0.1, [a,b,c], one value, or @FILE (one a line); repeatable")
      .type_name("NAME=VALUE")
      .allow_extra_args(false);
  command.option("--link", options.link, "Several parameters: product (every combination) or zip [product]")
      .type_name("MODE")
      .check(check_one_of({"product", "zip"}));
  command.option("-n,--name", options.name, "Name of the workflow [exec_ and the time]").check(check_not_empty);
  command.option("--description", options.description, "Description of the workflow");
}

void add_recording_options(const Command& command, app::ExecOptions& options) {
  const std::vector<std::string> modes{"off", "summary", "time-series"};
  command
      .option("--monitor", options.monitor,
              "Record the CPU and memory of each job: off, summary, time-series [summary]")
      .type_name("MODE")
      .check(check_one_of(modes));
  command
      .option("--monitor-compute-node", options.monitor_compute_node,
              "Record those of the whole machine: off, summary, time-series [off]")
      .type_name("MODE")
      .check(check_one_of(modes));
  command.flag("--generate-plots", options.generate_plots, "Plot what was recorded; needs a time-series");
  command.option("-i,--sample-interval-seconds", options.sample_interval_s, "Seconds between samples [10]")
      .type_name("SECS")
      .range(std::int64_t{1}, std::int64_t{4'294'967'295});
  command
      .option("--stdio", options.stdio,
              "Output of jobs to keep: separate (two files), combined, no-stdout, no-stderr, none [separate]")
      .type_name("MODE")
      .check(check_one_of({"separate", "combined", "no-stdout", "no-stderr", "none"}));
}

}  // namespace

void add_exec(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("exec", "Run commands on this machine, without a workflow file");
  add_commands_options(command, options->workflow);
  command.option("-j,--max-parallel-jobs", options->max_parallel_jobs, "Run so many at once [one for each CPU]")
      .type_name("N")
      .range(std::int64_t{1}, std::int64_t{100'000});
  command.option("-o,--output-dir", options->output_directory, "Where output and logs go [torc_output]")
      .check(check_not_empty);
  command.flag("--dry-run", options->dry_run, "Print the workflow, as a file of it would be, and run nothing");
  add_recording_options(command, options->workflow);
  command.footer(
      "Examples:\n"
      "  torc -s exec -c 'echo hi'                            one command, without a server\n"
      "  torc -s exec -- python train.py --epochs 10          the same: all behind -- is one command\n"
      "  torc -s exec -j 8 -C commands.txt                    those of a file, eight at once\n"
      "  ls *.png | sed 's/^/optipng /' | torc -s exec -C -   ... or of another program\n"
      "  torc -s exec -c 'run --seed {s}' --param s=1:100     one job for each value\n"
      "  torc -s exec -c 'curl -o {out} {url}' --param out=@names.txt --param url=@urls.txt --link zip\n");
  command.callback([options, command, &chosen] {
    options->workflow.marked = command.has_mark();
    chosen = [options](CommandContext& context) { return run(*options, context); };
  });
}

}  // namespace torc::cli
