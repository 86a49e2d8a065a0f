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

/// Asks the server now and then, in a thread of its own, whether a workflow's tunnel is still needed.
class TunnelLifetime {
 public:
  struct Settings {
    model::Id workflow_id{0};
    /// The process without which the tunnel is of no use; none: it is for itself.
    std::optional<pid_t> until_pid{};
    /// So long the server may be away: then no runner waits for it any more.
    std::chrono::seconds patience{};
    std::function<void(const std::string&)> on_problem{};  ///< The server does not answer, or does again.
    std::function<void(const std::string&)> on_over{};     ///< Called once: why it is not needed any more.
  };

  /// @param tunnel  Outlives this.
  /// @throws base::Error where the process of `until_pid` is gone already
  TunnelLifetime(std::unique_ptr<client::Api> api, const remote::Tunnel& tunnel, Settings settings);
  TunnelLifetime(const TunnelLifetime&) = delete;
  TunnelLifetime& operator=(const TunnelLifetime&) = delete;
  /// Waits for the thread, and so for an answer of the server that may be under way: see `stop`.
  ~TunnelLifetime();

  /// No more questions. @returns whether none is under way
  bool stop();

 private:
  void watch(const std::stop_token& stop);
  /// Why the tunnel is not needed, as far as the server tells.
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
