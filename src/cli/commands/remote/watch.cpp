#include "cli/fleet_command.hpp"
#include "cli/options/common_options.hpp"
#include "cli/options/restart_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/print/reporters.hpp"
#include "cli/print/watch_report.hpp"
#include "torc/app/fleet/watch_fleet.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  app::RestartOptions restarts{};
  std::int64_t interval_seconds{30};
  SshSettings ssh{};
};

int run(const Options& options, CommandContext& context) {
  return with_fleet(context, options.workflow_id, std::nullopt, options.ssh, [&](const app::Fleet& fleet) {
    const app::WatchRequest request{.interval = std::chrono::seconds(options.interval_seconds),
                                    .restarts = options.restarts};
    const auto reporter = make_reporter(context.output());
    const auto end = app::watch_fleet(context.api(), fleet, request, make_ssh_options(options.ssh),
                                      context.server_access(), *reporter, context.stop_on_signal());
    return report_watch_end(end, fleet.workflow_id, context.options().standalone, context.output());
  });
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
  add_restart_options(command, options->restarts);
  add_host_option(command, options->ssh);
  add_ssh_options(command, options->ssh);
  command.footer(
      "Examples:\n"
      "  torc remote watch 42\n"
      "  torc remote watch 42 --restart --max-restarts 10\n"
      "  torc -f json remote watch 42 | jq -c '.jobs'\n");
  command.callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return run(*options, context); }; });
}

}  // namespace torc::cli
