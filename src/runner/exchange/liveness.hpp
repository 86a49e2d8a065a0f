#pragma once

#include <chrono>
#include <optional>

#include "runner/jobs/monitor_config.hpp"
#include "runner/runner_log.hpp"
#include "torc/client/api.hpp"
#include "torc/metrics/usage.hpp"

namespace torc::runner {

/// Between two heartbeats, if the server does not say how long it waits for them.
inline constexpr std::chrono::seconds k_heartbeat_interval{30};

/// How the server knows that this runner lives: its compute node, and heartbeats in the node's name. One thread.
///
/// A node that the server counts as lost is inactive for good; a runner that goes on registers another one.
class Liveness {
 public:
  using Clock = std::chrono::steady_clock;

  /// Registers the compute node.
  /// @param node  Describes it; id, start time and `is_active` are set here.
  /// @throws base::ApiError
  Liveness(client::Api& api, RunnerLog& log, model::ComputeNode node);

  const model::ComputeNode& node() const { return m_node; }
  model::Id node_id() const { return m_node.id.value_or(0); }

  /// Registers a new compute node, in whose name the runner goes on. A heartbeat is due then: from the first one on the
  /// server holds the node to them.
  /// @throws base::ApiError
  void rejoin();

  bool is_due(Clock::time_point now) const { return now >= m_next; }
  Clock::time_point next() const { return m_next; }
  /// Makes a heartbeat due: the server may have lost this runner.
  void expedite() { m_next = Clock::now(); }
  /// A claim that waited until `now` was a sign of life as well. But only a heartbeat says whether the server wants the
  /// runner to drain, so it is put off only if the last one is not too long ago.
  void record_sign_of_life(Clock::time_point now);

  /// @returns whether the compute node is active; otherwise the server counts it as lost
  /// @throws base::ApiError if the server does not answer
  bool send_heartbeat();
  /// The server wants no more jobs claimed by this runner.
  bool drain_requested() const { return m_drain_requested; }

  /// Keeps what the machine used, as far as the workflow wants to know it, for `deactivate`.
  void record_usage(const metrics::UsageSummary& used, const MonitorConfig& wanted);
  /// Makes the compute node inactive.
  /// @param ran  How long the runner did.
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
