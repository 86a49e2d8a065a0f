#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/watch_workers.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  WatchRequest request{};
  std::int64_t interval_seconds{30};
};

int run(Options options, Services& services) {
  WatchRequest& request = options.request;
  request.workflow_id = services.workflow_id(options.workflow_id);
  request.interval = std::chrono::seconds(options.interval_seconds);
  if (stored_workers(services.api(), request.workflow_id, request.ssh.hosts).empty()) {
    return fail_without_workers(services.output(), request.workflow_id, "Use 'torc remote add-workers' first.");
  }
  return report_end(watch_workers(services, request), request.workflow_id, services);
}

}  // namespace

void add_remote_watch(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand(
      "watch", "Show workers and progress until the workflow is over; exit status 1 when jobs failed");
  add_optional_workflow_id(command, options->workflow_id);
  command.option("--interval", options->interval_seconds, "Ask the workers themselves so often, in seconds")
      .type_name("SECONDS")
      .range(std::int64_t{1}, std::int64_t{86'400})
      .capture_default_str();
  add_restart_options(command, options->request.restarts);
  add_host_option(command, options->request.ssh);
  add_ssh_options(command, options->request.ssh);
  command.footer(
      "Examples:\n"
      "  torc remote watch 42\n"
      "  torc remote watch 42 --restart --max-restarts 10\n"
      "  torc -f json remote watch 42 | jq -c '.jobs'\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
