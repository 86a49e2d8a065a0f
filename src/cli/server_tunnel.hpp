#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
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
/// @param limit  How long to wait for the forwards, which go on being made; nothing: as long as the connections may take.
/// @throws base::Error, also where a stop is requested or the limit is over
HeldTunnel hold_server_tunnel(const remote::WorkflowRef& workflow, const std::vector<remote::Worker>& workers,
                              const SshSettings& ssh, Services& services, const std::stop_token& stop,
                              std::optional<std::chrono::milliseconds> limit = std::nullopt);

/// The tunnel of a workflow, unless there is none or nobody needs it any more.
std::optional<remote::TunnelNote> find_server_tunnel(const remote::WorkflowRef& workflow);

/// "running", "died" or "elsewhere"
std::string to_string(remote::TunnelNote::State state);
/// "Server tunnel: running (PID 7)", with a line for each worker that has no forward just now.
std::string tunnel_text(const remote::TunnelNote& note);
/// {"state", "pid"}; "down", {NAME: REASON}, where a worker has no forward just now; "message" where it is known what
/// ended it.
nlohmann::json tunnel_json(const remote::TunnelNote& note);

/// Ends the tunnel, where there is one; from then on it is not missed.
/// @param when_idle  Runners may still be there: not before the last of them has left, or was given up.
void end_server_tunnel(const remote::WorkflowRef& workflow, bool when_idle, const Output& output);

/// A tunnel that died is not missed any more: the workers reach the server without one.
void forget_server_tunnel(const remote::WorkflowRef& workflow);

}  // namespace torc::cli
