#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/fleet_command.hpp"
#include "cli/options/common_options.hpp"
#include "cli/print/reporters.hpp"
#include "torc/app/fleet/stop_fleet.hpp"
#include "torc/base/units.hpp"
#include "torc/proc/process_info.hpp"
#include "torc/remote/state.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  std::optional<std::string> output_dir{};
  bool force{false};
  bool drain{false};
  std::optional<std::int64_t> timeout_seconds{};
  SshSettings ssh{};
};

/// Time for a runner to wait before it kills its jobs, and to requeue them.
constexpr std::chrono::seconds k_timeout{60};

app::StopOptions stop_options(const Options& options, const std::string& user) {
  app::StopOptions result{.output_dir = options.output_dir.value_or(""),
                          .requested_by = fmt::format("{}@{} at {}", user, proc::host_name(), base::timestamp_now())};
  if (options.force) {
    result.mode = remote::StopMode::kill;
    return result;
  }
  // With --drain, jobs may take days to finish.
  result.timeout = options.drain ? std::chrono::seconds(0) : k_timeout;
  result.mode = options.drain ? remote::StopMode::drain : remote::StopMode::end;
  if (options.timeout_seconds) {
    result.timeout = std::chrono::seconds(*options.timeout_seconds);
  }
  return result;
}

nlohmann::json row(const remote::Worker& worker, const remote::StopResult& result, bool waited) {
  auto json = worker_json(worker, app::is_stopped(result, waited));
  if (!result.message.empty()) {
    json["message"] = result.message;
  }
  if (!result.ok) {
    if (!result.canceled) {
      json["state"] = remote::to_string(remote::State::unreachable);
    }
  } else if (result.signaled_pid) {
    if (!waited || result.ended) {
      json["state"] = remote::to_string(remote::State::stopped);
    } else if (result.message.empty()) {
      json["state"] = remote::to_string(remote::State::running);
    }
    json["pid"] = *result.signaled_pid;
    if (result.requeued) {
      json["given_back"] = *result.requeued;
    }
  } else if (!result.was_started) {
    json["state"] = remote::to_string(remote::State::never_started);
  }
  return json;
}

int run(const Options& options, CommandContext& context) {
  return with_fleet(context, options.workflow_id, options.output_dir, options.ssh, [&](const app::Fleet& fleet) {
    const auto stop = stop_options(options, context.user());
    const auto reporter = make_reporter(context.output());
    const auto outcomes = app::stop_fleet(context.api(), fleet, stop, make_ssh_options(options.ssh),
                                          context.server_access(), *reporter, context.stop_on_signal());
    const bool waited = stop.timeout.count() > 0;
    if (context.output().json()) {
      context.output().document(
          fleet_document(fleet.workflow_id, outcomes,
                         [&](const auto& worker, const auto& result) { return row(worker, result, waited); }));
    }
    const auto stopped = app::count_if(outcomes, [&](const auto& result) { return app::is_stopped(result, waited); });
    return stopped == outcomes.size() ? k_exit_ok : k_exit_failure;
  });
}

}  // namespace

CommandInfo remote_stop_command() {
  auto options = std::make_shared<Options>();
  return {
      .path = "remote stop",
      .summary = "Stop the runners on the workers and requeue their unfinished jobs",
      .options = joined(
          {workflow_id_argument(options->workflow_id),
           {.names = "--force", .target = &options->force, .help = "Send SIGKILL instead of SIGTERM, also to the jobs"},
           {.names = "--drain",
            .target = &options->drain,
            .excludes = {"--force"},
            .help = "Let running jobs finish; each runner exits after its last one"},
           {.names = "--timeout",
            .target = &options->timeout_seconds,
            .value = "SECONDS",
            .range = Range{0, 10'000'000},
            .excludes = {"--force"},
            .help = "Seconds to wait for runners to exit; 0: do not wait (default: 60; with --drain: 0)"},
           runner_directory_option(options->output_dir),
           host_option(options->ssh)},
          ssh_options(options->ssh)),
      .examples = {{.command = "torc remote stop 42"},
                   {.command = "torc remote stop 42 --host 'gpu*' --drain"},
                   {.command = "torc remote stop 42 --force"}},
      .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
