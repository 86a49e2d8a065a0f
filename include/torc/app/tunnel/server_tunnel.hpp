#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/app/server_access.hpp"
#include "torc/remote/tunnel_link.hpp"

// How other commands find, start and end the tunnel of `torc remote tunnel`.

namespace torc::app {

class Reporter;

/// A tunnel that is up for all workers that could be connected.
struct OpenTunnel {
  std::int64_t pid{0};
  std::map<std::string, std::string> urls{};      ///< The server's URL on each worker, by `Worker::stored`.
  std::map<std::string, std::string> failures{};  ///< Why a worker has no forward, by `Worker::stored`.
  remote::TunnelLink link{base::Fd()};            ///< While it is open, the tunnel stays up.
};

/// Finds the process of the workflow's tunnel, or starts one in the background, and requests forwards to these workers.
/// Returns when they are up or have failed. May be called by any thread.
/// @param limit  How long to wait; afterwards the tunnel keeps connecting. Default: the limits of the connections.
/// @throws base::Error, also if a stop is requested or the limit has passed
OpenTunnel open_server_tunnel(const remote::WorkflowRef& workflow, const std::vector<remote::Worker>& workers,
                              const remote::SshOptions& ssh, const ServerAccess& server, Reporter& reporter,
                              const std::stop_token& stop,
                              std::optional<std::chrono::milliseconds> limit = std::nullopt);

/// The tunnel of a workflow; std::nullopt if there is none or no runner needs it any more.
std::optional<remote::TunnelInfo> find_server_tunnel(const remote::WorkflowRef& workflow);

/// The result of a request to end the tunnel.
struct TunnelEnding {
  enum class How {
    nothing,    ///< There was no tunnel.
    when_idle,  ///< It ends once no runner needs it.
    ended,
    stuck,  ///< Its process does not end.
  };

  How how{How::nothing};
  std::int64_t pid{0};
};

/// Ends the tunnel if there is one. Afterwards its absence is not reported as a failure.
/// @param when_idle  End it only when the last runner has exited or is lost.
TunnelEnding end_server_tunnel(const remote::WorkflowRef& workflow, bool when_idle);

/// Forgets a tunnel that died, because the workers reach the server without it.
void forget_server_tunnel(const remote::WorkflowRef& workflow);

}  // namespace torc::app
