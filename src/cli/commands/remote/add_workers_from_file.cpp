#include "cli/commands.hpp"
#include "cli/commands/remote/added_workers.hpp"
#include "cli/options/common_options.hpp"
#include "cli/options/ssh_options.hpp"
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

CommandInfo remote_add_workers_from_file_command() {
  auto options = std::make_shared<Options>();
  return {.path = "remote add-workers-from-file",
          .summary = "Add the ssh workers of a worker file to a workflow",
          .description =
              "One worker per line: [user@]host[:port] [cpus=N] [memory=SIZE] [gpus=N] [max-jobs=N] [dir=DIR] "
              "[shell=SHELL] "
              "[env:NAME=VALUE]. node[01-16,20] stands for several hosts, and a line @NAME begins a group. Blank lines "
              "and lines starting with # are ignored.",
          .options = joined({{.names = "worker-file",
                              .target = &options->file,
                              .completion = Completion::file,
                              .required = true,
                              .help = "Worker file"},
                             workflow_id_argument(options->workflow_id),
                             exclude_option(options->exclude),
                             {.names = "--skip-ssh-check",
                              .target = &options->skip_ssh_check,
                              .hidden = true,
                              .help = "Do not check that ssh reaches the workers"}},
                            ssh_options(options->ssh)),
          .examples = {{.command = "torc remote add-workers-from-file workers.txt 42"},
                       {.command = "torc remote add-workers-from-file workers.txt 42 -x node07 -x @gpu"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
