#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "torc/app/reporter.hpp"
#include "torc/app/server_access.hpp"
#include "torc/app/tunnel/server_tunnel.hpp"
#include "torc/remote/transport.hpp"

namespace torc::app {

/// Monitors a workflow's tunnel while its workers are watched: reports that it is gone, and revives it in a thread of
/// its own if that is wanted.
///
/// Thread-safety: one thread uses it. Its end waits for what is under way, which `stop` ends.
class TunnelRestarter {
 public:
  /// @param revives  A tunnel that is gone is to be held again. @param workers  Outlive this, as do the others.
  TunnelRestarter(remote::WorkflowRef workflow, const std::vector<remote::Worker>& workers,
                  const remote::SshOptions& ssh, const ServerAccess& server, bool revives, Reporter& reporter,
                  std::stop_token stop)
      : m_workflow(std::move(workflow)),
        m_workers(workers),
        m_ssh(ssh),
        m_server(server),
        m_revives(revives),
        m_reporter(reporter),
        m_stop(std::move(stop)) {}
  TunnelRestarter(const TunnelRestarter&) = delete;
  TunnelRestarter& operator=(const TunnelRestarter&) = delete;
  ~TunnelRestarter() = default;

  /// To be called now and then. Reports each change once.
  void poll();

 private:
  using Clock = std::chrono::steady_clock;

  Event revive();

  remote::WorkflowRef m_workflow;
  const std::vector<remote::Worker>& m_workers;
  const remote::SshOptions& m_ssh;
  const ServerAccess& m_server;
  bool m_revives;
  Reporter& m_reporter;
  std::stop_token m_stop;
  bool m_is_lost{false};  ///< It is gone, which was reported.
  int m_attempts{0};
  Clock::time_point m_next{};        ///< Not tried again before.
  std::optional<Event> m_outcome{};  ///< Of the thread; read once it is done.
  std::atomic<bool> m_is_done{false};
  std::jthread m_thread{};  ///< Last: it ends before what it uses.
};

}  // namespace torc::app
