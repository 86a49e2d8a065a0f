#include "cli/commands.hpp"
#include "cli/fleet_command.hpp"
#include "cli/options/common_options.hpp"
#include "cli/options/restart_options.hpp"
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

CommandInfo remote_watch_command() {
  auto options = std::make_shared<Options>();
  return {.path = "remote watch",
          .summary = "Show workers and progress until the workflow ends",
          .description = "Exit status 1 if a job failed.",
          .options = joined({workflow_id_argument(options->workflow_id),
                             {.names = "--interval",
                              .target = &options->interval_seconds,
                              .value = "SECONDS",
                              .range = Range{1, 86'400},
                              .default_text = std::to_string(options->interval_seconds),
                              .help = "Interval between ssh checks"}},
                            restart_options(options->restarts), std::vector<OptionInfo>{host_option(options->ssh)},
                            ssh_options(options->ssh)),
          .examples = {{.command = "torc remote watch 42"},
                       {.command = "torc remote watch 42 --restart --max-restarts 10"},
                       {.command = "torc -f json remote watch 42 | jq -c '.jobs'"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
