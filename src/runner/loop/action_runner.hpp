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

/// A workflow's actions of the kind `run_commands`: asks which have been triggered, claims them (so that each is run
/// once, or by each runner where it is persistent) and runs their commands one after the other, in a thread of its own.
/// The methods belong to one thread.
class ActionRunner {
 public:
  /// @param kill_now  Requested: commands that are being ended are killed at once.
  /// @param on_end  Called by the other thread when commands have ended.
  ActionRunner(client::Api& api, model::Id workflow_id, const JobSettings& settings, RunnerLog& log,
               std::stop_token kill_now, std::function<void()> on_end);
  ActionRunner(const ActionRunner&) = delete;
  ActionRunner& operator=(const ActionRunner&) = delete;
  /// Ends what runs.
  ~ActionRunner();

  /// Whether the workflow has such actions at all. Asks once.
  /// @throws base::ApiError, as all of these
  bool has_any();

  /// Starts the commands of those whose trigger has fired, unless some run already.
  /// @param triggers  "on_workflow_start", ...
  void run_triggered(model::Id compute_node_id, const std::vector<std::string>& triggers);

  /// Whether commands run.
  bool is_busy() const { return m_busy; }
  /// Waits for them; ends them when `stop` is requested.
  void wait(const std::stop_token& stop);
  /// Ends them.
  void end();

 private:
  void run_commands(const std::stop_token& stop, model::Id action_id, const std::vector<std::string>& commands);

  client::Api& m_api;
  const model::Id m_workflow_id;
  const JobSettings& m_settings;
  RunnerLog& m_log;
  const std::stop_token m_kill_now;
  std::function<void()> m_on_end;
  std::optional<std::set<std::string>> m_triggers;  ///< Of the workflow's actions.
  std::set<model::Id> m_done;                       ///< Persistent ones would be triggered again and again.
  std::atomic<bool> m_busy{false};
  std::jthread m_thread;
};

}  // namespace torc::runner
