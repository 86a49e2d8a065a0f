#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "torc/remote/tunnel_link.hpp"

namespace torc::cli {

/// "running", "died" or "elsewhere"
std::string to_string(remote::TunnelNote::State state);
/// "Server tunnel: running (PID 7)", with a line for each worker that has no forward just now.
std::string tunnel_text(const remote::TunnelNote& note);
/// {"state", "pid"}; "down", {NAME: REASON}, where a worker has no forward just now; "message" where it is known what
/// ended it.
nlohmann::json tunnel_json(const remote::TunnelNote& note);

}  // namespace torc::cli
