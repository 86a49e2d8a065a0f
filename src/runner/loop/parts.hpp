#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "runner/exchange/call_limits.hpp"
#include "runner/exchange/call_retries.hpp"
#include "runner/exchange/inbox.hpp"
#include "runner/exchange/job_exchange.hpp"
#include "runner/exchange/liveness.hpp"
#include "runner/exchange/outbox.hpp"
#include "runner/exchange/recovery.hpp"
#include "runner/exchange/result_journal.hpp"
#include "runner/exchange/server_link.hpp"
#include "runner/jobs/capacity.hpp"
#include "runner/jobs/execution_config.hpp"
#include "runner/jobs/job_process.hpp"
#include "runner/jobs/monitor_config.hpp"
#include "runner/jobs/running_jobs.hpp"
#include "runner/jobs/unverified_jobs.hpp"
#include "runner/loop/action_runner.hpp"
#include "runner/loop/reaper.hpp"
#include "runner/loop/starter.hpp"
#include "runner/runner_log.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner {

/// The objects of one run, each after those it uses. `Loop` owns them; `Shutdown` uses them, too.
struct Parts {
  using Clock = std::chrono::steady_clock;

  /// Registers the compute node, and loads the journals that earlier runners left in the output directory.
  /// @throws base::ApiError, base::Error
  Parts(client::Api& server, const RunnerOptions& given, const std::stop_token& stop_request,
        Outbox::OnDelivered on_delivered);
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  /// Whether this runner has no jobs in any state.
  bool idle() const {
    return running.empty() && unverified.empty() && inbox.empty() && !outbox.has_results() && recovery.empty();
  }
  void log_registration();
  void report_missing_bash();

  client::Api& api;
  const RunnerOptions options;
  const std::stop_token stop;
  CallLimits limits;  ///< Applies to every call, hence before the first member that calls the server.
  const model::Workflow workflow;
  const ExecutionConfig config;
  const MonitorConfig monitor;
  const std::int64_t first_run_id;  ///< The run in which this runner started; part of the name of its log.
  JobSettings settings;
  RunnerLog log;
  ResultJournal journal;
  const Clock::time_point started;
  const std::optional<LastMoments> last_moments;   ///< Set if the runner has a time limit.
  const std::optional<Clock::time_point> stop_at;  ///< Jobs get the termination signal then.
  ServerLink link;
  CallRetries call_retries;
  const std::vector<std::string> gpus;
  const Resources capacity;
  RunningJobs running;
  Liveness liveness;
  JobExchange exchange;
  Inbox inbox;
  Outbox outbox;
  UnverifiedJobs unverified;
  Recovery recovery;
  Starter starter;
  Reaper reaper;
  ActionRunner actions;
  RunnerReport report;
};

}  // namespace torc::runner
