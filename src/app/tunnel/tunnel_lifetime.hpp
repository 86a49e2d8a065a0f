#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "torc/base/fd.hpp"
#include "torc/client/api.hpp"
#include "torc/remote/tunnel.hpp"

namespace torc::app {

/// Regularly queries the server, in a separate thread, whether a workflow's tunnel is still needed.
class TunnelLifetime {
 public:
  struct Settings {
    model::Id workflow_id{0};
    /// The tunnel is not needed any more when this process ends.
    std::optional<pid_t> until_pid{};
    /// After the server has not answered for this long, no runner waits for it any more.
    std::chrono::seconds timeout{};
    /// Called if the server stops answering, and when it answers again.
    std::function<void(const std::string&)> on_problem{};
    /// Called once, with the reason why the tunnel is not needed any more.
    std::function<void(const std::string&)> on_over{};
  };

  /// @param tunnel  Must outlive this object.
  /// @throws base::Error if the process of `until_pid` has ended already
  TunnelLifetime(std::unique_ptr<client::Api> api, const remote::Tunnel& tunnel, Settings settings);
  TunnelLifetime(const TunnelLifetime&) = delete;
  TunnelLifetime& operator=(const TunnelLifetime&) = delete;
  /// Waits for the thread, which may be waiting for an answer of the server: see `stop`.
  ~TunnelLifetime();

  /// Ends the queries. @returns false if the thread still waits for an answer
  bool stop();

 private:
  void watch(const std::stop_token& stop);
  /// Why the tunnel is not needed any more, according to the server; std::nullopt if it is needed.
  std::optional<std::string> reason_to_end();
  std::optional<std::string> ask();
  std::optional<std::string> record_silence(const std::string& problem);
  std::optional<std::string> record_deletion();

  std::unique_ptr<client::Api> m_api;
  const remote::Tunnel& m_tunnel;
  Settings m_settings;
  base::Fd m_process;
  base::Fd m_wake;
  std::atomic<bool> m_asking{false};
  std::optional<std::chrono::steady_clock::time_point> m_silent_since{};
  std::optional<std::chrono::steady_clock::time_point> m_gone_since{};
  std::jthread m_thread;
};

}  // namespace torc::app
