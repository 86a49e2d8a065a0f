#include "cli/print/tunnel_text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "torc/base/printable.hpp"

namespace torc::cli {
namespace {

using TunnelState = remote::TunnelInfo::State;

std::string running_tunnel_text(const remote::TunnelInfo& tunnel) {
  std::string text = fmt::format("Server tunnel: running (PID {})", tunnel.pid);
  for (const auto& [name, reason] : tunnel.down) {
    text += fmt::format("\n  {}: no connection: {}", base::printable_line(name), base::printable_line(reason));
  }
  return text;
}

}  // namespace

std::string to_string(TunnelState state) {
  switch (state) {
    case TunnelState::running:
      return "running";
    case TunnelState::elsewhere:
      return "elsewhere";
    case TunnelState::over:
      return "over";
    case TunnelState::died:
      break;
  }
  return "died";
}

std::string tunnel_text(const remote::TunnelInfo& tunnel) {
  switch (tunnel.state()) {
    case TunnelState::running:
      return running_tunnel_text(tunnel);
    case TunnelState::elsewhere:
      return fmt::format("Server tunnel: runs on {} (PID {})", base::printable_line(tunnel.host), tunnel.pid);
    case TunnelState::over:
    case TunnelState::died:
      break;
  }
  return fmt::format(
      "Server tunnel: {} (PID {}); the workers may not reach the server: restart it with 'torc remote run "
      "--server-tunnel'",
      tunnel.ended.empty() ? "died" : "ended by " + base::printable_line(tunnel.ended), tunnel.pid);
}

nlohmann::json tunnel_json(const remote::TunnelInfo& info) {
  nlohmann::json json{{"state", to_string(info.state())}, {"pid", info.pid}};
  if (info.state() == TunnelState::running && !info.down.empty()) {
    json["down"] = info.down;
  }
  if (info.state() == TunnelState::died && !info.ended.empty()) {
    json["message"] = "ended by " + info.ended;
  }
  return json;
}

}  // namespace torc::cli
