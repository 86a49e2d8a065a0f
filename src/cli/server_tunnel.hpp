#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/remote_support.hpp"
#include "torc/remote/tunnel_link.hpp"

// What other commands have to do with the tunnel that `torc remote tunnel` holds.

namespace torc::cli {

/// A tunnel that stands for as many workers as it could.
struct HeldTunnel {
  std::int64_t pid{0};
  std::map<std::string, std::string> urls{};      ///< The server's on each worker, by `Worker::stored`.
  std::map<std::string, std::string> failures{};  ///< Why there is none, by `Worker::stored`.
  remote::TunnelLink link{base::Fd()};            ///< While it is open, the tunnel does not end by itself.
};

/// Finds the process that holds the workflow's tunnel, or starts one in the background, and has it make forwards to
/// these workers. Takes as long as the connections do. Any thread, once the command has asked for its server.
/// @throws base::Error
HeldTunnel hold_server_tunnel(const remote::WorkflowRef& workflow, const std::vector<remote::Worker>& workers,
                              const SshSettings& ssh, Services& services);

/// The tunnel of a workflow, unless there is none or it ended in order.
std::optional<remote::TunnelNote> find_server_tunnel(const remote::WorkflowRef& workflow);

/// "running", "died" or "elsewhere"
std::string to_string(remote::TunnelNote::State state);
/// {"state", "pid"}, and "down", {NAME: REASON}, where a worker has no forward just now.
nlohmann::json tunnel_json(const remote::TunnelNote& note);

/// Ends the tunnel, where there is one.
/// @param when_idle  Runners are still there: not before the last of them has left.
void end_server_tunnel(const remote::WorkflowRef& workflow, bool when_idle, const Output& output);

}  // namespace torc::cli
