#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "runner/loop/parts.hpp"
#include "runner/loop/phase.hpp"
#include "runner/loop/run_end.hpp"
#include "runner/loop/shutdown.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner {

/// One run of one runner, from the registration of its compute node to its deactivation. See loop.cpp for how it works.
/// One thread.
class Loop {
 public:
  using Clock = std::chrono::steady_clock;
  using OnChange = std::function<void(const RunnerReport&, std::int64_t running)>;

  /// Registers the compute node.
  Loop(client::Api& api, const RunnerOptions& options, const std::stop_token& stop, OnChange on_change);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs until the end of the run. Before an exception leaves this function, running jobs are ended, and requeued if
  /// the server answers.
  RunnerReport run();

 private:
  using JobsDue = std::optional<Clock::time_point>;

  // A turn
  void run_turn();
  bool must_stop();
  void give_up_if_server_is_gone();
  void sleep(JobsDue jobs_due);
  void wait_for_jobs(JobExchange::Wanted wanted);
  Clock::time_point next_wake(JobsDue jobs_due) const;

  // The calls of a turn to the server
  void call_server();
  bool poll_is_due();
  void keep_alive();
  void rejoin();
  void run_actions(bool poll_due);
  void deliver();
  void find_lost_claims();
  void start_claimed();
  void claim();
  void check_completion();
  void record_outage(const base::ApiError& error);

  void delay_first_poll();
  Phase update_phase();
  std::optional<JobExchange::Wanted> wanted();
  bool has_too_little_time() const;
  void log_end(RunEnd end);
  void record_delivery(const Outbox::Delivery& delivery);
  void report_change();

  const OnChange m_on_change;
  Parts m_parts;
  Shutdown m_shutdown;
  std::stop_source m_cancel_wait;  ///< Requested by a stop or drain, to abandon a waiting claim.
  PhaseMachine m_phases;
  IdleTimer m_idle_timer;
  Clock::time_point m_next_poll;
  Clock::time_point m_no_wait_until;  ///< Set after a claim that did not wait as requested.
  bool m_actions_due{true};           ///< Whether something may have triggered an action.
  bool m_check_when_idle{false};      ///< Whether the workflow may have become complete.
  bool m_has_dropped_pages{false};
};

}  // namespace torc::runner
