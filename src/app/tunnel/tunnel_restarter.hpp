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

/// Monitors a workflow's tunnel while its workers are watched: reports if it has ended, and optionally restarts it in a
/// separate thread.
///
/// Not thread-safe. The destructor waits for a restart in progress, which `stop` ends.
class TunnelRestarter {
 public:
  /// @param revives  Restart a tunnel that has ended. @param workers  Must outlive this object, as must the other
  /// references.
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

  /// Call this regularly. Reports each change once.
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
  bool m_is_lost{false};  ///< The end of the tunnel has been reported.
  int m_attempts{0};
  Clock::time_point m_next{};        ///< Earliest time of the next restart.
  std::optional<Event> m_outcome{};  ///< Written by the thread; read once `m_is_done` is set.
  std::atomic<bool> m_is_done{false};
  std::jthread m_thread{};  ///< Last, so that it ends before the members that it uses are destroyed.
};

}  // namespace torc::app
