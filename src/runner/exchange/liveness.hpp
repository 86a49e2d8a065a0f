#pragma once

#include <chrono>
#include <optional>

#include "runner/jobs/monitor_config.hpp"
#include "runner/runner_log.hpp"
#include "torc/client/api.hpp"
#include "torc/metrics/usage.hpp"

namespace torc::runner {

/// Interval between heartbeats if the server does not report its timeout.
inline constexpr std::chrono::seconds k_heartbeat_interval{30};

/// Shows the server that this runner is alive, by a compute node and its heartbeats. One thread.
///
/// A node that the server considers lost stays inactive; a runner that continues registers a new node.
class Liveness {
 public:
  using Clock = std::chrono::steady_clock;

  /// Registers the compute node.
  /// @param node  Describes the node; id, start time and `is_active` are set here.
  /// @throws base::ApiError
  Liveness(client::Api& api, RunnerLog& log, model::ComputeNode node);

  const model::ComputeNode& node() const { return m_node; }
  model::Id node_id() const { return m_node.id.value_or(0); }

  /// Registers a new compute node, as which the runner continues, and makes a heartbeat due: the server expects
  /// heartbeats from a node only after its first one.
  /// @throws base::ApiError
  void rejoin();

  bool is_due(Clock::time_point now) const { return now >= m_next; }
  Clock::time_point next() const { return m_next; }
  /// Makes a heartbeat due, because the server may consider this runner lost.
  void expedite() { m_next = Clock::now(); }
  /// Records that a claim was answered at `now`, which is as good as a heartbeat. But only heartbeats report drain
  /// requests, so the next one is postponed only if the last one was recent.
  void record_sign_of_life(Clock::time_point now);

  /// @returns whether the compute node is active; otherwise the server considers it lost
  /// @throws base::ApiError if the server does not answer
  bool send_heartbeat();
  /// Whether the server has requested that this runner drain.
  bool drain_requested() const { return m_drain_requested; }

  /// Keeps the machine's resource usage, as far as the workflow wants it recorded, for `deactivate`.
  void record_usage(const metrics::UsageSummary& used, const MonitorConfig& wanted);
  /// Makes the compute node inactive.
  /// @param ran  How long the runner ran.
  /// @throws base::ApiError
  void deactivate(std::chrono::duration<double> ran);

 private:
  void register_node();
  model::Heartbeat ask_server();

  client::Api& m_api;
  RunnerLog& m_log;
  model::ComputeNode m_node;
  std::chrono::milliseconds m_interval{k_heartbeat_interval};
  Clock::time_point m_next;
  std::optional<Clock::time_point> m_last{};
  bool m_drain_requested{false};
};

}  // namespace torc::runner
