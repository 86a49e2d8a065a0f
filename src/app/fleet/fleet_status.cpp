#include "torc/app/fleet/fleet_status.hpp"

#include "torc/app/fleet/workers.hpp"
#include "torc/app/tunnel/server_tunnel.hpp"

namespace torc::app {

using remote::State;

bool WorkerStatus::is_silent() const {
  return state.state == State::running && node && (!node->node.is_active.value_or(false) || silence_of(node->node));
}

std::size_t FleetStatus::count(State state) const {
  return count_if(workers, [&](const WorkerStatus& status) { return status.state.state == state; });
}

FleetStatus query_fleet(client::Api& api, remote::Transport& transport, const Fleet& fleet,
                        const std::string& output_dir) {
  const auto workflow = workflow_ref(api, fleet.workflow_id);
  FleetStatus status;
  status.workers = for_each_worker(fleet, transport, [&](const remote::Worker& worker) {
    return WorkerStatus{.state = remote::query_state(transport, worker, workflow, output_dir)};
  });
  const auto nodes = latest_worker_nodes(api, fleet.workflow_id);
  for (auto& [worker, result] : status.workers) {
    const auto found = nodes.find(worker.stored);
    // Ignore the node of an earlier runner: the current one may be a runner of torc 0.23.
    if (found != nodes.end() && found->second.node.pid == result.state.pid) {
      result.node = found->second;
    }
  }
  status.tunnel = find_server_tunnel(workflow);
  if (status.tunnel && status.tunnel->state() == remote::TunnelInfo::State::died) {
    status.misses_tunnel = status.count(State::running) > 0;
    if (!status.misses_tunnel) {
      status.tunnel.reset();
    }
  }
  return status;
}

}  // namespace torc::app
