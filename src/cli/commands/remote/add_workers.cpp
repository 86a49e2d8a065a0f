#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/commands/remote/added_workers.hpp"
#include "cli/options/ssh_options.hpp"
#include "cli/parser/checks.hpp"
#include "cli/print/fleet_report.hpp"
#include "torc/app/fleet/workers.hpp"

namespace torc::cli {
namespace {

struct Options {
  model::Id workflow_id{0};
  std::vector<std::string> workers{};
  bool skip_ssh_check{false};
  SshSettings ssh{};
};

std::vector<model::WorkerEntry> parse_workers(const std::vector<std::string>& words) {
  std::vector<model::WorkerEntry> workers;
  model::DistinctHosts hosts;
  for (std::size_t i = 0; i < words.size(); ++i) {
    try {
      auto address = model::WorkerAddress::parse(words[i]);
      hosts.add(address);
      workers.push_back({.address = std::move(address)});
    } catch (base::Error& error) {
      error.add_context(fmt::format("command line:{}", i + 1));
      throw;
    }
  }
  return workers;
}

int run(const Options& options, CommandContext& context) {
  const auto ssh = make_ssh_options(options.ssh);
  app::AddRequest request{.workflow_id = options.workflow_id, .skip_ssh_check = options.skip_ssh_check};
  try {
    request.workers = parse_workers(options.workers);
    app::refuse_same_hosts(request.workers, ssh);
  } catch (const base::Error& error) {
    return fail_with(context.output(), std::string("Error parsing worker addresses: ") + error.what());
  }
  return add_workers(request, ssh, context);
}

}  // namespace

CommandInfo remote_add_workers_command() {
  auto options = std::make_shared<Options>();
  return {.path = "remote add-workers",
          .summary = "Add ssh workers to a workflow",
          .options = joined({{.names = "workflow-id",
                              .target = &options->workflow_id,
                              .check = check_id,
                              .completion = Completion::workflow_id,
                              .required = true,
                              .help = "ID of the workflow"},
                             {.names = "workers",
                              .target = &options->workers,
                              .required = true,
                              .help = "Worker addresses: [user@]host[:port]; IPv6 addresses in brackets"},
                             {.names = "--skip-ssh-check",
                              .target = &options->skip_ssh_check,
                              .hidden = true,
                              .help = "Do not check that ssh reaches the workers"}},
                            ssh_options(options->ssh)),
          .examples = {{.command = "torc remote add-workers 42 ws1 alice@ws2 admin@192.168.1.10:2222"},
                       {.command = "torc remote add-workers 42 '[2001:db8::1]:2222'"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
