#include "cli/commands/remote/added_workers.hpp"
#include "cli/options/common_options.hpp"
#include "cli/options/ssh_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/print/fleet_report.hpp"
#include "torc/app/fleet/workers.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::string file{};
  std::optional<model::Id> workflow_id{};
  std::vector<std::string> exclude{};
  bool skip_ssh_check{false};
  SshSettings ssh{};
};

int run(const Options& options, CommandContext& context) {
  const auto ssh = make_ssh_options(options.ssh);
  app::AddRequest request{.keep_settings = true, .skip_ssh_check = options.skip_ssh_check};
  try {
    request.workers = app::read_worker_file(options.file, options.exclude);
    app::refuse_same_hosts(request.workers, ssh);
  } catch (const base::Error& error) {
    return fail_with(context.output(), std::string("Error parsing worker file: ") + error.what());
  }
  request.workflow_id = context.workflow_id(options.workflow_id);
  return add_workers(request, ssh, context);
}

}  // namespace

void add_remote_add_workers_from_file(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("add-workers-from-file", "Add the ssh workers that a file lists");
  command
      .option("worker-file", options->file,
              "A worker a line: [user@]host[:port] [cpus=N] [memory=SIZE] [gpus=N] [max-jobs=N] [dir=DIR] "
              "[env:NAME=VALUE]; "
              "node[01-16,20] for several hosts; @NAME begins a group")
      .type_name("FILE")
      .required();
  add_optional_workflow_id(command, options->workflow_id);
  add_exclude_option(command, options->exclude);
  command.flag("--skip-ssh-check", options->skip_ssh_check, "Do not try whether ssh reaches them").group("");
  add_ssh_options(command, options->ssh);
  command.footer(
      "Examples:\n"
      "  torc remote add-workers-from-file workers.txt 42\n"
      "  torc remote add-workers-from-file workers.txt 42 -x node07 -x @gpu\n");
  command.callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return run(*options, context); }; });
}

}  // namespace torc::cli
