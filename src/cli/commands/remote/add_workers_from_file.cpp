#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/remote_support.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::string file{};
  std::optional<model::Id> workflow_id{};
  std::vector<std::string> exclude{};
  bool skip_ssh_check{false};
  SshSettings ssh{};
};

int run(const Options& options, Services& services) {
  AddWorkers request{.keep_settings = true, .skip_ssh_check = options.skip_ssh_check, .ssh = options.ssh};
  try {
    request.workers = read_worker_file(options.file, options.exclude);
    refuse_same_hosts(request.workers, options.ssh);
  } catch (const base::Error& error) {
    return fail_with(services.output(), std::string("Error parsing worker file: ") + error.what());
  }
  request.workflow_id = services.workflow_id(options.workflow_id);
  return add_workers(request, services);
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
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
