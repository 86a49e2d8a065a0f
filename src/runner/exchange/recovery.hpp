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

/// Failed jobs until it is decided whether they run again. Applies the failure handlers' rules, and runs recovery
/// scripts before retries. Every attempt ends in the outbox. One thread.
class Recovery {
 public:
  /// Starts the recovery script of a failed attempt. @throws base::Error if it cannot be started
  using StartScript = std::function<void(const Attempt&, const std::string& script)>;

  /// @param use_pending_failed  Whether jobs without a matching rule get the status `pending_failed`.
  Recovery(client::Api& api, JobExchange& exchange, Outbox& outbox, RunnerLog& log, bool use_pending_failed,
           StartScript start_script)
      : m_api(api),
        m_exchange(exchange),
        m_outbox(outbox),
        m_log(log),
        m_use_pending_failed(use_pending_failed),
        m_start_script(std::move(start_script)),
        m_rules(api, exchange.result_owner().workflow_id) {}

  /// Whether no job awaits a decision. Jobs whose recovery scripts run do not count.
  bool empty() const { return m_failed.empty(); }
  void add(Attempt&& failed) { m_failed.push_back({.attempt = std::move(failed)}); }

  /// Decides about each failed job: starts its recovery script, retries it, or adds its result to the outbox.
  /// @returns whether any job is retried
  /// @throws base::ApiError if the server does not answer; call this again later
  bool decide();

  /// A recovery script has ended, with whatever return code: its job awaits a decision again.
  void end_script(model::Id job_id, std::int64_t return_code);
  /// Forgets a job whose recovery script runs, because the job was claimed again or interrupted.
  void forget(model::Id job_id) { m_recovering.erase(job_id); }
  /// Forgets all jobs, because other runners own them now.
  void clear();
  /// Removes and returns the attempts that await a decision.
  std::vector<Attempt> take_undecided();

 private:
  struct Failed {
    Attempt attempt{};
    std::optional<FailureRule> rule{};  ///< The matching rule, once known.
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
  std::map<model::Id, Failed> m_recovering;  ///< Jobs whose recovery scripts run.
};

}  // namespace torc::runner
