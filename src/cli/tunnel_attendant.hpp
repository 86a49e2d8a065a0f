#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/server_tunnel.hpp"

namespace torc::cli {

/// Looks after a workflow's tunnel while its workers are watched: tells when it is gone, and has it held again, where
/// that is wanted, in a thread of its own.
///
/// Thread-safety: one thread uses it. Its end waits for what is under way, which `stop` ends.
class TunnelAttendant {
 public:
  /// @param revives  A tunnel that is gone is to be held again. @param services  Outlives this, as `workers` and `ssh`.
  TunnelAttendant(remote::WorkflowRef workflow, const std::vector<remote::Worker>& workers, const SshSettings& ssh,
                  bool revives, Services& services, std::stop_token stop)
      : m_workflow(std::move(workflow)),
        m_workers(workers),
        m_ssh(ssh),
        m_revives(revives),
        m_services(services),
        m_stop(std::move(stop)) {}
  TunnelAttendant(const TunnelAttendant&) = delete;
  TunnelAttendant& operator=(const TunnelAttendant&) = delete;
  ~TunnelAttendant() = default;

  /// To be called now and then. @returns what there is to tell, each once
  std::optional<std::string> look();

 private:
  using Clock = std::chrono::steady_clock;

  std::string try_to_revive();

  remote::WorkflowRef m_workflow;
  const std::vector<remote::Worker>& m_workers;
  const SshSettings& m_ssh;
  bool m_revives;
  Services& m_services;
  std::stop_token m_stop;
  bool m_told{false};
  int m_attempts{0};
  Clock::time_point m_next{};  ///< Not tried again before.
  std::string m_outcome;       ///< Of the thread; read once it is done.
  std::atomic<bool> m_is_done{false};
  std::jthread m_thread{};  ///< Last: it ends before what it uses.
};

}  // namespace torc::cli
