#include "torc/app/fleet/stop_fleet.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "torc/app/fleet/workers.hpp"
#include "torc/app/reporter.hpp"
#include "torc/app/tunnel/server_tunnel.hpp"
#include "torc/app/workflows/requeue_jobs.hpp"
#include "torc/base/error.hpp"

namespace torc::app {
namespace {

/// Limits how long an unreachable worker delays the others.
constexpr std::chrono::seconds k_tunnel_timeout{10};

/// Requeues the jobs of killed runners and of those that died before, since they could not do it themselves.
void requeue_for_killed(client::Api& api, Reporter& reporter, const Fleet& fleet,
                        std::vector<remote::StopResult>& results) {
  std::int64_t total = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].ok) {
      results[i].requeued =
          requeue_jobs(api, fleet.workflow_id, active_nodes_of(api, fleet.workflow_id, fleet.workers[i].stored));
      total += *results[i].requeued;
    }
  }
  if (total > 0) {
    reporter.report(JobsOfKilledRequeued{.count = total});
  }
}

/// Restarts a tunnel that died, so that stopping runners can send their results.
OpenTunnel revive_tunnel(const remote::WorkflowRef& workflow, const Fleet& fleet, const remote::SshOptions& ssh,
                         const ServerAccess& server, Reporter& reporter, const std::stop_token& stop) {
  const auto tunnel = find_server_tunnel(workflow);
  if (!tunnel || tunnel->state() != remote::TunnelInfo::State::died) {
    return {};
  }
  try {
    reporter.report(TunnelBeingRevived{.workers = fleet.workers.size()});
    return open_server_tunnel(workflow, fleet.workers, ssh, server, reporter, stop, k_tunnel_timeout);
  } catch (const base::Error& error) {
    reporter.report(Warning{fmt::format("Warning: the server tunnel cannot be restarted: {}", error.what())});
    return {};
  }
}

/// Whether the tunnel must stay up until the last runner has ended.
bool may_be_needed(const Fleet& fleet, const StopOptions& options, const std::vector<remote::StopResult>& results) {
  const bool waited = options.timeout.count() > 0;
  const bool all_stopped =
      std::all_of(results.begin(), results.end(), [&](const auto& each) { return is_stopped(each, waited); });
  const bool any_signaled =
      std::any_of(results.begin(), results.end(), [](const auto& each) { return each.signaled_pid.has_value(); });
  const bool is_for_all = fleet.is_whole && options.output_dir.empty();
  const bool are_gone = waited || options.mode == remote::StopMode::kill || !any_signaled;
  return !all_stopped || !is_for_all || !are_gone;
}

}  // namespace

bool is_stopped(const remote::StopResult& result, bool waited) {
  return result.ok && (!waited || !result.signaled_pid || result.ended);
}

Outcomes<remote::StopResult> stop_fleet(client::Api& api, const Fleet& fleet, const StopOptions& options,
                                        const remote::SshOptions& ssh, const ServerAccess& server, Reporter& reporter,
                                        const std::stop_token& stop) {
  const remote::StopRequest request{.workflow = workflow_ref(api, fleet.workflow_id),
                                    .output_dir = options.output_dir,
                                    .mode = options.mode,
                                    .timeout = options.timeout,
                                    .requested_by = options.requested_by};
  const bool kills = options.mode == remote::StopMode::kill;
  const auto tunnel = kills ? OpenTunnel{} : revive_tunnel(request.workflow, fleet, ssh, server, reporter, stop);
  remote::SshTransport transport(ssh, stop);
  reporter.report(StopBegun{.mode = options.mode});
  auto results = remote::stop_workers(transport, fleet.workers, request, [&](const auto& signaled) {
    for (std::size_t i = 0; i < signaled.size(); ++i) {
      reporter.report(WorkerSignaled{.worker = fleet.workers[i], .result = signaled[i], .mode = options.mode});
    }
  });
  if (kills) {
    requeue_for_killed(api, reporter, fleet, results);
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (options.timeout.count() > 0 && results[i].signaled_pid) {
      reporter.report(WorkerStopped{.worker = fleet.workers[i], .result = results[i]});
    }
  }
  reporter.report(end_server_tunnel(request.workflow, /*when_idle=*/may_be_needed(fleet, options, results)));
  return pair_with_workers(fleet, std::move(results));
}

}  // namespace torc::app
