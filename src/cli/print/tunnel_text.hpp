#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "torc/remote/tunnel_link.hpp"

namespace torc::cli {

/// "running", "died" or "elsewhere"
std::string to_string(remote::TunnelInfo::State state);
/// "Server tunnel: running (PID 7)", with a line for each worker that currently has no forward.
std::string tunnel_text(const remote::TunnelInfo& info);
/// {"state", "pid"}; with "down", {NAME: REASON}, if a worker currently has no forward, and "message" if it is known
/// why the tunnel ended.
nlohmann::json tunnel_json(const remote::TunnelInfo& info);

}  // namespace torc::cli
