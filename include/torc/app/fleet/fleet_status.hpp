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
  /// What the server knows of the runner that runs there; nothing where it knows none.
  std::optional<WorkerNode> node{};

  /// It runs, but the server has not heard of it for too long, or has given it up.
  bool is_silent() const;
};

struct FleetStatus {
  Outcomes<WorkerStatus> workers{};
  std::optional<remote::TunnelNote> tunnel{};  ///< Unless there is none, or nobody needs it.
  bool misses_tunnel{false};                   ///< It died, and runners need it.

  std::size_t count(remote::State state) const;
};

/// Asks the workers, the server, and the tunnel's note.
/// @param output_dir  Empty: wherever they were started. Else only workers with this output directory count.
/// @throws base::ApiError
FleetStatus query_fleet(client::Api& api, remote::Transport& transport, const Fleet& fleet,
                        const std::string& output_dir);

}  // namespace torc::app
