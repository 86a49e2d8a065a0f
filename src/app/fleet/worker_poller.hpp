#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/fleet/worker_calls.hpp"
#include "torc/app/fleet/fleet.hpp"
#include "torc/app/fleet/worker_nodes.hpp"
#include "torc/remote/start.hpp"
#include "torc/remote/state.hpp"

namespace torc::app {

/// The known state of a watched worker.
struct PolledWorker {
  using Clock = std::chrono::steady_clock;

  std::optional<remote::WorkerState> state{};  ///< As reported by the worker.
  std::optional<WorkerNode> node{};            ///< The server's record of its runner.
  /// Time of the last query; absent if there was none, or to query at once. (Not the clock's epoch, which is the time
  /// of the machine's boot.)
  std::optional<Clock::time_point> queried_at{};
  std::optional<Clock::time_point> answered_at{};
  bool queried_inactive{false};         ///< At the last query, the server considered the runner inactive.
  bool answered_since_inactive{false};  ///< And the worker has answered that query.

  /// Whether the server considers the runner inactive: lost, or ended.
  bool is_inactive() const;
  bool is_silent() const;
  /// The worker was running at the last query, but its heartbeats are missing.
  bool seems_gone() const;
};

/// Queries the states of a fleet's workers: all at intervals, and more often those whose runner seems to have ended.
/// Separate threads make the calls, one at a time per worker.
///
/// Not thread-safe. The destructor waits for running calls.
class WorkerPoller {
 public:
  using Clock = PolledWorker::Clock;

  /// @param fleet  Must outlive this object, as must `transport`.
  WorkerPoller(const Fleet& fleet, remote::WorkflowRef workflow, remote::Transport& transport,
               std::chrono::seconds interval);

  std::size_t size() const { return m_workers.size(); }
  const PolledWorker& worker(std::size_t i) const { return m_workers[i]; }
  /// Whether a call to this worker is under way, or its answer has not been taken yet.
  bool is_busy(std::size_t i) const { return m_calls.is_under_way(i); }

  /// Sets the server's records, by the workers' addresses as stored.
  void set_nodes(std::map<std::string, WorkerNode> nodes);
  /// Sets the state of a worker that has just been started, which is queried a few seconds later: a short run then ends
  /// without another connection.
  void set_just_started(std::size_t i, remote::WorkerState state);
  /// @param query_at_once  The next `poll` queries the worker.
  void set_state(std::size_t i, remote::WorkerState state, bool query_at_once);
  void make_due(std::size_t i) { m_workers[i].queried_at.reset(); }

  /// Queries the workers whose turn it is.
  void poll();
  void query(std::size_t i);
  /// Starts a worker, which must not be busy. @param start  Called in another thread.
  void start(std::size_t i, std::function<remote::StartResult()> start);

  struct Answers {
    std::vector<std::size_t> states{};  ///< Workers with a new state.
    std::map<std::size_t, remote::StartResult> starts{};
  };
  Answers take_answers();

 private:
  const Fleet& m_fleet;
  remote::WorkflowRef m_workflow;
  remote::Transport& m_transport;
  std::chrono::seconds m_interval;
  Clock::time_point m_began_at{Clock::now()};
  std::vector<PolledWorker> m_workers;
  WorkerCalls m_calls;  ///< Last, so that its threads end before the members that they use are destroyed.
};

}  // namespace torc::app
