#include "runner/loop/parts.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "runner/loop/worker_state.hpp"
#include "torc/base/units.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::runner {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t k_default_wait_for_server_min = 20;

JobSettings settings_of(const RunnerOptions& options, const ExecutionConfig& config, std::int64_t run_id) {
  return {.output_directory = make_output_directory(options.output_directory),
          .output_directory_text = options.output_directory,
          .run_id = run_id,
          .api_url = options.api_url,
          .credentials = config.pass_credentials ? options.credentials : std::vector<std::string>(),
          .shell = choose_shell(options.shell)};
}

/// Limits the following calls to the runner's time limit, if it has one. @returns when to stop
std::optional<Parts::Clock::time_point> limit_calls(CallLimits& limits, Parts::Clock::time_point started,
                                                    const std::optional<LastMoments>& last_moments) {
  if (!last_moments) {
    return std::nullopt;
  }
  limits.stop_at(started + last_moments->stop_after);
  return started + last_moments->stop_after;
}

std::filesystem::path metrics_path(const RunnerOptions& options, const JobSettings& settings) {
  return settings.output_directory / "resource_utilization" /
         fmt::format("resource_metrics_{}_{}_{}.db", runner_key(options), options.workflow_id, settings.run_id);
}

/// If the options specify more GPUs than were found, they are numbered from 0.
GpuPool pool_of(std::vector<std::string> gpus, std::size_t wanted) {
  gpus.resize(std::min(gpus.size(), wanted));
  return gpus.size() == wanted ? GpuPool(std::move(gpus)) : GpuPool(wanted);
}

model::ComputeNode node_of(const RunnerOptions& options, const Resources& capacity) {
  model::ComputeNode node;
  node.workflow_id = options.workflow_id;
  node.hostname = proc::host_name();
  node.pid = ::getpid();
  node.num_cpus = capacity.cpus;
  node.memory_gb = capacity.memory_gb;
  node.num_gpus = capacity.gpus;
  node.num_nodes = 1;
  node.compute_node_type = "local";
  if (options.time_limit) {
    node.time_limit = base::format_iso_duration(std::chrono::ceil<seconds>(*options.time_limit));
  }
  if (options.worker) {
    node.scheduler = worker_scheduler(*options.worker);
  }
  return node;
}

}  // namespace

Parts::Parts(client::Api& server, const RunnerOptions& given, const std::stop_token& stop_request,
             Outbox::OnDelivered on_delivered)
    : api(server),
      options(given),
      stop(stop_request),
      limits(server, stop_request, given.kill_now),
      workflow(server.get_workflow(given.workflow_id)),
      config(execution_config_of(workflow)),
      monitor(monitor_config_of(workflow)),
      first_run_id(server.get_workflow_status(given.workflow_id).run_id),
      settings(settings_of(given, config, first_run_id)),
      log(runner_log_path(given, settings.output_directory, first_run_id)),
      journal(settings.output_directory, server.server_id(), given.workflow_id, runner_key(given), log),
      started(Clock::now()),
      last_moments(given.time_limit ? std::optional(runner::last_moments(config, workflow, *given.time_limit))
                                    : std::nullopt),
      stop_at(limit_calls(limits, started, last_moments)),
      link(minutes(workflow.compute_node_wait_for_healthy_database_minutes.value_or(k_default_wait_for_server_min))),
      call_retries(server, limits, link, given.kill_now),
      gpus(detect_gpus()),
      capacity(capacity_from(given, gpus.size())),
      running(config, monitor, metrics_path(given, settings), capacity,
              pool_of(gpus, static_cast<std::size_t>(capacity.gpus)), stop_request, given.drain, given.cgroups, log),
      liveness(server, log, node_of(given, capacity)),
      exchange(server, given.workflow_id, first_run_id, liveness.node_id(), log),
      inbox(exchange, limits),
      outbox(server, exchange, journal, log, std::move(on_delivered)),
      unverified(log, [this] { running.wake(); }),
      recovery(server, exchange, outbox, log, workflow.use_pending_failed.value_or(false),
               [this](const Attempt& failed, const std::string& script) {
                 running.start_recovery(failed.job, script, failed.result.return_code, settings);
               }),
      starter(running, exchange, recovery, settings, log,
              {.max_parallel_jobs = given.max_parallel_jobs, .stop_at = stop_at}),
      reaper(running, unverified, recovery, outbox, exchange, starter, log),
      actions(server, given.workflow_id, settings, log, given.kill_now, [this] { running.wake(); }) {
  limits.follow_jobs([this] { return running.due(); });
  log_registration();
  if (settings.shell.replaces_bash) {
    report_missing_bash();
  }
  outbox.load(journal.take_over());
}

void Parts::log_registration() {
  const auto& node = liveness.node();
  log.info("runner of workflow {} run {} on {} (PID {}, compute node {}): {} CPUs, {:.1f} GB, {} GPUs{}",
           options.workflow_id, first_run_id, node.hostname, node.pid, liveness.node_id(), capacity.cpus,
           capacity.memory_gb, capacity.gpus,
           options.max_parallel_jobs ? fmt::format(", {} jobs at once", *options.max_parallel_jobs) : "");
}

/// Command lines that need bash may fail or mean something else.
void Parts::report_missing_bash() {
  const std::string message =
      fmt::format("{} has no bash: command lines run with {}", liveness.node().hostname, settings.shell.program);
  log.warning("{}", message);
  try {
    api.create_event({.id = std::nullopt,
                      .workflow_id = options.workflow_id,
                      .timestamp = base::unix_millis_now(),
                      .data = {{"category", "compute_node"},
                               {"event_type", "bash_missing"},
                               {"severity", "warning"},
                               {"compute_node_id", liveness.node_id()},
                               {"shell", settings.shell.program},
                               {"message", message}}});
  } catch (const base::ApiError& error) {
    // The jobs matter more than this event.
    log.warning("the server did not record that bash is missing: {}", error.what());
  }
}

}  // namespace torc::runner
