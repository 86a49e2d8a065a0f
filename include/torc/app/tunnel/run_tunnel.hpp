#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "torc/app/fleet/fleet.hpp"
#include "torc/app/server_access.hpp"
#include "torc/base/fd.hpp"
#include "torc/remote/tunnel_link.hpp"

namespace torc::app {

class Reporter;

/// The right to be the process that holds a workflow's tunnel.
struct TunnelClaim {
  remote::WorkflowRef workflow{};
  remote::TunnelTarget target{};
  remote::TunnelPlace place;
  base::Fd lock{};
  std::vector<remote::Worker> workers{};  ///< The workers to connect immediately.
};

/// Takes the claim. Call it before this process starts threads other than those of `api`.
/// @param on_demand  Connect only workers that had a forward before; other commands request more.
/// @throws base::Error if another process holds the tunnel
TunnelClaim claim_tunnel(client::Api& api, const Fleet& fleet, bool on_demand, const ServerAccess& server);

struct TunnelOptions {
  std::optional<pid_t> until_pid{};    ///< The tunnel ends when this process does.
  std::function<void()> on_ready{};    ///< Called once other commands can find the tunnel.
  std::function<int()> stop_signal{};  ///< The signal that requested the stop.
};

/// Keeps the tunnel up until no runner needs it or a stop is requested.
/// @param api  A separate connection: another thread queries whether the workflow has ended. If that thread still waits
///             for an answer when everything else is done, this ends the process with status 0 instead of returning.
void run_tunnel(std::unique_ptr<client::Api> api, const TunnelClaim& claim, const TunnelOptions& options,
                const remote::SshOptions& ssh, Reporter& reporter, const std::stop_token& stop);

}  // namespace torc::app
