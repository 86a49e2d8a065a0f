#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/app/server_access.hpp"
#include "torc/remote/tunnel_link.hpp"

// What other commands have to do with the tunnel that `torc remote tunnel` holds.

namespace torc::app {

class Reporter;

/// A tunnel that stands for as many workers as it could.
struct HeldTunnel {
  std::int64_t pid{0};
  std::map<std::string, std::string> urls{};      ///< The server's on each worker, by `Worker::stored`.
  std::map<std::string, std::string> failures{};  ///< Why there is none, by `Worker::stored`.
  remote::TunnelLink link{base::Fd()};            ///< While it is open, the tunnel does not end by itself.
};

/// Finds the process that holds the workflow's tunnel, or starts one in the background, and has it make forwards to
/// these workers. Takes as long as the connections do. Any thread.
/// @param limit  How long to wait for the forwards, which go on being made; nothing: as long as the connections may take.
/// @throws base::Error, also where a stop is requested or the limit is over
HeldTunnel hold_server_tunnel(const remote::WorkflowRef& workflow, const std::vector<remote::Worker>& workers,
                              const remote::SshOptions& ssh, const ServerAccess& server, Reporter& reporter,
                              const std::stop_token& stop,
                              std::optional<std::chrono::milliseconds> limit = std::nullopt);

/// The tunnel of a workflow, unless there is none or nobody needs it any more.
std::optional<remote::TunnelNote> find_server_tunnel(const remote::WorkflowRef& workflow);

/// What became of a tunnel that was told to end.
struct TunnelEnding {
  enum class How {
    nothing,    ///< There was none to end.
    when_idle,  ///< It ends once no worker needs it.
    ended,
    stuck,  ///< Its process does not end.
  };

  How how{How::nothing};
  std::int64_t pid{0};
};

/// Ends the tunnel, where there is one; from then on it is not missed.
/// @param when_idle  Runners may still be there: not before the last of them has left, or was given up.
TunnelEnding end_server_tunnel(const remote::WorkflowRef& workflow, bool when_idle);

/// A tunnel that died is not missed any more: the workers reach the server without one.
void forget_server_tunnel(const remote::WorkflowRef& workflow);

}  // namespace torc::app
