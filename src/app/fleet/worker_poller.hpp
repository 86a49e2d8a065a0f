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

/// What is known of one worker that is watched.
struct PolledWorker {
  using Clock = std::chrono::steady_clock;

  std::optional<remote::WorkerState> state{};  ///< As it said itself.
  std::optional<WorkerNode> node{};            ///< As the server has it.
  /// None: never, or it is to be asked at once. Not the clock's epoch, which is when this machine booted.
  std::optional<Clock::time_point> asked_at{};
  std::optional<Clock::time_point> answered_at{};
  bool asked_inactive{false};        ///< The server had given it up when it was asked.
  bool asked_since_inactive{false};  ///< And it has answered.

  /// The server has given it up, or it has ended.
  bool is_inactive() const;
  bool is_silent() const;
  /// It seems to run, but the server does not hear of it.
  bool seems_gone() const;
};

/// Asks the workers of a fleet for their states, all at intervals, and more often those whose runner seems gone. Threads
/// of its own make the calls, one at a time for each worker.
///
/// Thread-safety: one thread uses it. Its end waits for the calls under way.
class WorkerPoller {
 public:
  using Clock = PolledWorker::Clock;

  /// @param fleet  Outlives this, as does `transport`.
  WorkerPoller(const Fleet& fleet, remote::WorkflowRef workflow, remote::Transport& transport,
               std::chrono::seconds interval);

  std::size_t size() const { return m_workers.size(); }
  const PolledWorker& worker(std::size_t i) const { return m_workers[i]; }
  /// A call to this worker is under way, or its answer was not taken yet.
  bool is_busy(std::size_t i) const { return m_calls.is_under_way(i); }

  /// What the server knows, by the workers' addresses as stored.
  void set_nodes(std::map<std::string, WorkerNode> nodes);
  /// A worker that has just been started is asked some seconds later: a short run ends without another connection.
  void set_just_started(std::size_t i, remote::WorkerState state);
  /// @param asks_at_once  Its state is asked for with the next `poll`.
  void set_state(std::size_t i, remote::WorkerState state, bool asks_at_once);
  void ask_at_once(std::size_t i) { m_workers[i].asked_at.reset(); }

  /// Asks those whose turn it is.
  void poll();
  void query(std::size_t i);
  /// Starts a worker; not while it is busy. @param start  Called by another thread.
  void start(std::size_t i, std::function<remote::StartResult()> start);

  struct Answers {
    std::vector<std::size_t> states{};  ///< These workers have a new state.
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
  WorkerCalls m_calls;  ///< Last: its threads end before what they use.
};

}  // namespace torc::app
