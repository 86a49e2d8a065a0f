#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "torc/app/fleet/fleet.hpp"
#include "torc/app/fleet/worker_nodes.hpp"
#include "torc/remote/state.hpp"
#include "torc/remote/tunnel_link.hpp"

namespace torc::app {

struct WorkerStatus {
  remote::WorkerState state{};
  /// The server's record of the runner there, if it has one.
  std::optional<WorkerNode> node{};

  /// Whether the runner is running, but its heartbeats are overdue or the server considers it lost.
  bool is_silent() const;
};

struct FleetStatus {
  Outcomes<WorkerStatus> workers{};
  std::optional<remote::TunnelInfo> tunnel{};  ///< Unset if the workflow has no tunnel or no runner needs it.
  bool misses_tunnel{false};                   ///< The tunnel died, and runners need it.

  std::size_t count(remote::State state) const;
};

/// Queries the workers and the server, and reads the tunnel's record.
/// @param output_dir  If not empty, only runners with this output directory count.
/// @throws base::ApiError
FleetStatus query_fleet(client::Api& api, remote::Transport& transport, const Fleet& fleet,
                        const std::string& output_dir);

}  // namespace torc::app
