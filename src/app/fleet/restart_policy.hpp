#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "torc/app/fleet/restart_options.hpp"
#include "torc/remote/start.hpp"
#include "torc/remote/state.hpp"

namespace torc::app {

/// Decides whether and when a worker that died is restarted. Pure state: its owner reports events and the time, and
/// carries out the decisions.
class RestartPolicy {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Step {
    none,
    query,    ///< Query the worker's state.
    start,    ///< Start the worker, and report the result to `record_start`.
    give_up,  ///< Too many restarts: call `give_up`.
  };

  enum class StartEffect {
    none,     ///< The worker is unreachable; it is restarted once it answers again.
    running,  ///< Another command has started it.
    restarted,
    failed,    ///< The restart counts; another one follows unless all restarts are used.
    given_up,  ///< The worker must not be restarted.
  };

  explicit RestartPolicy(const RestartOptions& options) : m_options(options) {}

  /// The next step for a worker, given its last known state and the time of that answer.
  Step next(const std::optional<remote::WorkerState>& state, std::optional<Clock::time_point> answered_at,
            Clock::time_point now) const;

  /// Whether the worker may be restarted without the user, so that the workflow can continue.
  /// @param has_run  The server has a record of a runner of this worker.
  bool may_restart(const std::optional<remote::WorkerState>& state, bool has_run) const;

  /// The worker runs, whoever has started it; it may be restarted if it dies again.
  void record_running();
  StartEffect record_start(const remote::StartResult& result, Clock::time_point now);
  void give_up(std::string reason);

  std::int64_t restarts() const { return m_restarts; }
  /// Why the worker is not restarted, or why the last restart failed; empty while it runs.
  const std::string& message() const { return m_message; }
  /// Minimum time between the last restart and the next one.
  std::chrono::milliseconds pause() const { return m_pause; }
  /// "2 of 5"
  std::string restarts_text() const;

 private:
  RestartOptions m_options;
  std::int64_t m_restarts{0};
  std::chrono::milliseconds m_pause{0};
  Clock::time_point m_not_before{};
  bool m_is_given_up{false};
  std::string m_message{};
};

}  // namespace torc::app
