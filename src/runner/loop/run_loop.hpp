#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/exchange/call_limits.hpp"
#include "runner/exchange/inbox.hpp"
#include "runner/exchange/job_exchange.hpp"
#include "runner/exchange/liveness.hpp"
#include "runner/exchange/outbox.hpp"
#include "runner/exchange/recovery.hpp"
#include "runner/exchange/result_journal.hpp"
#include "runner/exchange/server_link.hpp"
#include "runner/jobs/attempt.hpp"
#include "runner/jobs/capacity.hpp"
#include "runner/jobs/execution_config.hpp"
#include "runner/jobs/job_process.hpp"
#include "runner/jobs/running_jobs.hpp"
#include "runner/jobs/start_policy.hpp"
#include "runner/jobs/unverified_jobs.hpp"
#include "runner/loop/action_runner.hpp"
#include "runner/runner_log.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner {

/// One run of one runner, from the registration of its compute node to its deactivation. See run_loop.cpp for how it
/// works; what follows failures is in run_loop_failures.cpp, the
/// check of declared outputs in run_loop_outputs.cpp, signs of life are in run_loop_life.cpp, how it ends in
/// run_loop_end.cpp. One thread.
class RunLoop {
 public:
  using Clock = std::chrono::steady_clock;
  using OnChange = std::function<void(const RunnerReport&, std::int64_t running)>;

  /// Registers the compute node.
  RunLoop(client::Api& api, const RunnerOptions& options, const std::stop_token& stop, const OnChange& on_change);
  RunLoop(const RunLoop&) = delete;
  RunLoop& operator=(const RunLoop&) = delete;

  /// Runs to the end. What runs when this throws is ended first, and given back as far as the server answers.
  RunnerReport run();

 private:
  // One turn of the loop
  void reap();
  void talk();
  void settle_ended();
  void record_delivery(const Outbox::Delivery& delivery);
  void start_claimed();
  void claim();
  void find_lost_claims();
  void check_completion();
  void rest(std::optional<Clock::time_point> jobs_due);
  void wait_for_work(JobExchange::Wanted room);
  bool leaves_when_idle() const;
  std::chrono::seconds patience() const;
  bool patience_is_over() const;
  bool has_too_little_time() const;
  void lose_touch(const base::ApiError& error);

  // Signs of life
  void keep_alive();
  void end_lost_jobs();
  void rejoin();

  // More of a turn
  bool wants_to_stop();
  Clock::time_point next_wake(std::optional<Clock::time_point> jobs_due) const;

  // Outputs of jobs
  void settle(Attempt&& attempt, const std::vector<std::string>& files_of_success);
  void take_verified();
  void wait_for_checks();

  // Failed jobs and actions
  void run_actions(bool poll_due);
  /// Whether the runner may not claim yet, because its start actions run. Only `run_actions` ends this phase: all parts
  /// of one turn must agree about it, although the actions may end at any moment in their own thread.
  bool is_preparing() const { return !m_claims_begun; }
  void run_last_actions();

  // Parts of them
  bool launch(const model::Job& job, const JobNeeds& needs, std::vector<DeclaredOutput>&& outputs);
  void fail_start(const model::Job& job, const base::Error& error);
  void finish(EndedJob&& ended);
  std::optional<JobExchange::Wanted> wanted() const;
  Room room() const;
  bool idle() const {
    return m_running->empty() && m_unverified->empty() && m_inbox->empty() && !m_outbox->has_results() &&
           m_recovery->empty();
  }
  /// Whether no more jobs are wanted: those that run are the last.
  bool is_draining() const {
    return m_options.drain.stop_requested() || m_liveness->drain_requested() || m_report.unfit;
  }
  void changed();

  // The end
  void end_jobs();
  void give_back_failed();
  void stop_run(const std::string& why);
  void give_back_next();
  void stop_at_time_limit();
  void cancel_run();
  void abandon() noexcept;
  void deactivate();
  void give_back_claimed(Clock::time_point until);
  void give_back_lost_claims();
  template <typename Call>
  void insist(Clock::time_point until, Call&& call);

  // The beginning
  model::ComputeNode describe_node() const;
  void log_registration();
  std::filesystem::path metrics_path() const;
  void set_time_limit();
  void stagger();

  client::Api& m_api;
  const RunnerOptions m_options;
  const std::stop_token m_stop;
  const OnChange m_on_change;
  CallLimits m_limits;  ///< Of every call, hence before what asks the server first.

  model::Workflow m_workflow;
  const ExecutionConfig m_config;
  const std::int64_t m_run_id;  ///< When this runner began; names its log.
  JobSettings m_settings;
  RunnerLog m_log;
  ResultJournal m_journal;
  Resources m_capacity;
  const Clock::time_point m_started;
  std::optional<Clock::time_point> m_stop_at;  ///< Jobs get the termination signal then.
  std::chrono::milliseconds m_last_lead{0};    ///< And so long they have to end.
  ServerLink m_link;
  std::unique_ptr<RunningJobs> m_running;
  std::unique_ptr<Liveness> m_liveness;
  std::unique_ptr<JobExchange> m_exchange;
  std::unique_ptr<Inbox> m_inbox;
  std::unique_ptr<Outbox> m_outbox;
  std::unique_ptr<UnverifiedJobs> m_unverified;
  std::unique_ptr<Recovery> m_recovery;
  std::unique_ptr<ActionRunner> m_actions;
  std::stop_source m_break_off;  ///< Requested by a stop or drain: a claim that waits is given up.

  bool m_claims_begun{false};     ///< The start actions have ended.
  bool m_actions_due{true};       ///< Something happened that may trigger one.
  bool m_check_when_idle{false};  ///< Results were handed in since the last look for completion.
  StartPolicy m_starts;
  Clock::time_point m_next_poll;
  bool m_has_rested{false};
  bool m_lost{false};                 ///< The server counts the compute node as gone.
  Clock::time_point m_no_wait_until;  ///< A claim that should have waited did not.
  Clock::time_point m_last_work;
  bool m_over{false};
  RunnerReport m_report;
};

}  // namespace torc::runner
