#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/capacity.hpp"
#include "runner/event_loop.hpp"
#include "runner/job_exchange.hpp"
#include "runner/job_process.hpp"
#include "runner/process_trees.hpp"
#include "runner/runner_log.hpp"
#include "runner/server_link.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner {

/// One run of one runner, from the registration of its compute node to its deactivation. See run_loop.cpp for how it
/// works. One thread.
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
  struct Finished {
    model::Job job;
    model::Result result;
    std::string failure{};  ///< Why it could not be started; empty for a job that ran.
  };

  // One turn of the loop
  void reap();
  void talk();
  void deliver();
  void note_delivered(bool on_record);
  void start_claimed();
  void claim();
  void take(std::vector<model::Job>&& jobs);
  void check_completion();
  void beat();
  void rest(std::optional<Clock::time_point> trees_due);
  void wait_for_work(JobExchange::Wanted room);
  std::chrono::seconds patience() const;
  bool patience_is_over() const;
  void lose_touch(const base::ApiError& error);
  bool wants_to_stop();
  Clock::time_point next_wake(std::optional<Clock::time_point> trees_due) const;

  // Parts of them
  void launch(const model::Job& job, const Resources& needs);
  void finish(JobProcess&& process, proc::ExitStatus status);
  model::Result result_of(const model::Job& job, std::int64_t run_id, std::int64_t return_code,
                          std::chrono::duration<double> ran) const;
  std::optional<JobExchange::Wanted> wanted() const;
  bool fits(const Resources& needs) const;
  bool idle() const { return m_running.empty() && m_claimed.empty() && m_finished.empty(); }
  void changed();

  // The end
  void end_trees();
  void stop_run(const std::string& why);
  void cancel_run();
  void abandon() noexcept;
  void deactivate();
  void give_back_lost_claims();
  template <typename Call>
  void insist(Clock::time_point until, Call&& call);

  void register_node();
  std::filesystem::path log_path() const;

  client::Api& m_api;
  const RunnerOptions m_options;
  const std::stop_token m_stop;
  const OnChange m_on_change;

  model::Workflow m_workflow;
  const std::int64_t m_run_id;  ///< When this runner began; names its log.
  JobSettings m_settings;
  RunnerLog m_log;
  std::vector<std::string> m_environment;
  Resources m_capacity;
  Resources m_free;
  model::ComputeNode m_node;
  const Clock::time_point m_started;
  ServerLink m_link;
  EventLoop m_events;
  ProcessTrees m_trees;
  std::unique_ptr<JobExchange> m_exchange;

  std::deque<model::Job> m_claimed;  ///< Not started yet.
  std::map<model::Id, JobProcess> m_running;
  std::deque<Finished> m_finished;        ///< Not handed in yet.
  std::vector<model::Job> m_interrupted;  ///< Ended by a stop or cancel.
  bool m_interrupting{false};
  bool m_may_claim{true};         ///< Cleared when the server has no more for now.
  bool m_check_when_idle{false};  ///< Results were handed in since the last look for completion.
  Clock::time_point m_next_poll;
  Clock::time_point m_next_heartbeat;
  Clock::time_point m_no_wait_until;  ///< A claim that should have waited did not.
  Clock::time_point m_last_work;
  bool m_over{false};
  RunnerReport m_report;
};

}  // namespace torc::runner
