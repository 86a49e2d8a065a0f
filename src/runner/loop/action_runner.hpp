#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "runner/jobs/job_process.hpp"
#include "runner/runner_log.hpp"
#include "torc/client/api.hpp"

namespace torc::runner {

/// Runs a workflow's actions of the type `run_commands`: queries which have been triggered, claims them (so that each
/// runs once, or once per runner if it is persistent), and runs their commands one after the other in a separate
/// thread. The methods belong to one thread.
class ActionRunner {
 public:
  /// @param kill_now  When requested, commands that are being ended are killed at once.
  /// @param on_end    Called by the other thread when commands have ended.
  ActionRunner(client::Api& api, model::Id workflow_id, const JobSettings& settings, RunnerLog& log,
               std::stop_token kill_now, std::function<void()> on_end);
  ActionRunner(const ActionRunner&) = delete;
  ActionRunner& operator=(const ActionRunner&) = delete;
  /// Ends running commands.
  ~ActionRunner();

  /// Whether the workflow has such actions. Queries the server only once.
  /// @throws base::ApiError, as all methods that call the server
  bool has_any();

  /// Starts the commands of actions whose trigger has fired, unless commands are running.
  /// @param triggers  "on_workflow_start", ...
  void run_triggered(model::Id compute_node_id, const std::vector<std::string>& triggers);

  /// Whether commands are running.
  bool is_busy() const { return m_busy; }
  /// Waits until the commands have ended; ends them when `stop` is requested.
  void wait(const std::stop_token& stop);
  /// Ends the commands.
  void end();

 private:
  void run_commands(const std::stop_token& stop, model::Id action_id, const std::vector<std::string>& commands);

  client::Api& m_api;
  const model::Id m_workflow_id;
  const JobSettings& m_settings;
  RunnerLog& m_log;
  const std::stop_token m_kill_now;
  std::function<void()> m_on_end;
  std::optional<std::set<std::string>> m_triggers;  ///< Triggers of the workflow's actions, once loaded.
  std::set<model::Id> m_done;                       ///< Already run; persistent actions stay triggered.
  std::atomic<bool> m_busy{false};
  std::jthread m_thread;
};

}  // namespace torc::runner
