#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/exchange/failure_rules.hpp"
#include "runner/exchange/job_exchange.hpp"
#include "runner/exchange/outbox.hpp"
#include "runner/jobs/attempt.hpp"
#include "runner/runner_log.hpp"
#include "torc/client/api.hpp"

namespace torc::runner {

/// Failed jobs, until it is known whether they run again: their failure handlers are asked, and recovery scripts run
/// before a retry. Every attempt ends in the outbox. One thread.
class Recovery {
 public:
  /// Starts the recovery script of a failed attempt. @throws base::Error if it cannot be started
  using StartScript = std::function<void(const Attempt&, const std::string& script)>;

  /// @param use_pending_failed  Jobs without a matching rule end in the state `pending_failed`.
  Recovery(client::Api& api, JobExchange& exchange, Outbox& outbox, RunnerLog& log, bool use_pending_failed,
           StartScript start_script)
      : m_api(api),
        m_exchange(exchange),
        m_outbox(outbox),
        m_log(log),
        m_use_pending_failed(use_pending_failed),
        m_start_script(std::move(start_script)),
        m_rules(api, exchange.result_owner().workflow_id) {}

  /// Whether no job is to be decided about; jobs whose scripts run do not count.
  bool empty() const { return m_failed.empty(); }
  void add(Attempt&& failed) { m_failed.push_back({.attempt = std::move(failed)}); }

  /// Decides about each failed job: its recovery script is started, it is retried, or it is handed in.
  /// @returns whether any was retried
  /// @throws base::ApiError if the server does not answer; to be called again later
  bool decide();

  /// A recovery script has ended: whatever it returned, its job is to be decided about.
  void end_script(model::Id job_id, std::int64_t return_code);
  /// Forgets a job whose recovery script runs: the job was claimed anew, or interrupted.
  void forget(model::Id job_id) { m_recovering.erase(job_id); }
  /// Forgets all: other runners have the jobs.
  void clear();
  /// Those that are not decided about.
  std::vector<Attempt> take_undecided();

 private:
  struct Failed {
    Attempt attempt{};
    std::optional<FailureRule> rule{};  ///< The one that matches, once that is known.
    bool script_is_due{false};
  };

  /// @returns whether the job is retried
  bool decide(Failed& failed);
  bool has_retry_left(const Attempt& attempt, const FailureRule& rule);
  void start_script(Failed&& failed);

  client::Api& m_api;
  JobExchange& m_exchange;
  Outbox& m_outbox;
  RunnerLog& m_log;
  const bool m_use_pending_failed;
  StartScript m_start_script;
  FailureRules m_rules;
  std::deque<Failed> m_failed;
  std::map<model::Id, Failed> m_recovering;  ///< Their scripts run.
};

}  // namespace torc::runner
