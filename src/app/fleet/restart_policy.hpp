#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "torc/app/fleet/restart_options.hpp"
#include "torc/remote/start.hpp"
#include "torc/remote/state.hpp"

namespace torc::app {

/// Whether and when one worker that died is started again. Pure state: it is told what happens and what time it is, and
/// says what to do; its owner does it.
class RestartPolicy {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Step {
    none,
    query,    ///< Ask the worker for its state.
    start,    ///< Start it, and tell `record_start` how that went.
    give_up,  ///< Too many restarts: tell `give_up`.
  };

  enum class StartEffect {
    none,     ///< It cannot be reached now; its turn comes when it answers again.
    running,  ///< Somebody else has started it.
    restarted,
    failed,    ///< The start counts; another one follows unless the restarts are used.
    given_up,  ///< It is not to run any more.
  };

  explicit RestartPolicy(const RestartOptions& options) : m_options(options) {}

  /// What to do about a worker, given its last state and when it answered.
  Step next(const std::optional<remote::WorkerState>& state, std::optional<Clock::time_point> answered_at,
            Clock::time_point now) const;

  /// Whether the worker may come back without the user: then nobody needs to despair of the workflow.
  /// @param has_run  The server has known a runner of it.
  bool may_restart(const std::optional<remote::WorkerState>& state, bool has_run) const;

  /// It runs, whoever has started it: it may die again.
  void record_running();
  StartEffect record_start(const remote::StartResult& result, Clock::time_point now);
  void give_up(std::string reason);

  std::int64_t restarts() const { return m_restarts; }
  /// Why it is not started again, or why the last start failed; empty while it runs.
  const std::string& message() const { return m_message; }
  /// After the last start, it is not started again for this long.
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
