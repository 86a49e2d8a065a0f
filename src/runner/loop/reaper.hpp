#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "runner/exchange/job_exchange.hpp"
#include "runner/exchange/outbox.hpp"
#include "runner/exchange/recovery.hpp"
#include "runner/jobs/running_jobs.hpp"
#include "runner/jobs/unverified_jobs.hpp"
#include "runner/loop/starter.hpp"
#include "runner/runner_log.hpp"

namespace torc::runner {

/// Passes on jobs that have ended: those that exited with 0 to the check of their outputs, failed jobs to the recovery,
/// interrupted jobs to the requeues, and all others to the results. One thread.
class Reaper {
 public:
  Reaper(RunningJobs& running, UnverifiedJobs& unverified, Recovery& recovery, Outbox& outbox,
         const JobExchange& exchange, Starter& starter, RunnerLog& log)
      : m_running(running),
        m_unverified(unverified),
        m_recovery(recovery),
        m_outbox(outbox),
        m_exchange(exchange),
        m_starter(starter),
        m_log(log) {}

  /// Passes on the jobs that have ended since the last call. Never blocks.
  /// @returns whether there were any
  bool reap();

  /// At the end of a run: ends every job, waits until all their processes and those left by earlier jobs are gone, and
  /// waits for the output checks of jobs that have exited. Jobs whose outputs cannot be checked, or whose failure
  /// cannot be decided about, in time are requeued.
  /// @param lead      Time between the termination signal and SIGKILL.
  /// @param kill_now  When requested, SIGKILL at once, and little time for checks.
  void end_all(std::chrono::milliseconds lead, const std::stop_token& kill_now);

  /// Kills and forgets all jobs, because other runners own them now. Jobs that have ended in the meantime are
  /// forgotten, too.
  void discard_all(const std::stop_token& kill_now);

 private:
  void finish(EndedJob&& ended);
  void settle(UnverifiedJobs::Job&& job);
  bool take_verified();
  void wait_for_checks(const std::stop_token& kill_now);
  void requeue(Attempt&& attempt);

  RunningJobs& m_running;
  UnverifiedJobs& m_unverified;
  Recovery& m_recovery;
  Outbox& m_outbox;
  const JobExchange& m_exchange;
  Starter& m_starter;
  RunnerLog& m_log;
};

}  // namespace torc::runner
