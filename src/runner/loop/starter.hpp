#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "runner/exchange/inbox.hpp"
#include "runner/exchange/job_exchange.hpp"
#include "runner/exchange/recovery.hpp"
#include "runner/jobs/running_jobs.hpp"
#include "runner/jobs/start_policy.hpp"
#include "runner/runner_log.hpp"

namespace torc::runner {

/// Starts claimed jobs: reports the start to the server, then starts the process. One thread.
class Starter {
 public:
  using Clock = std::chrono::steady_clock;

  struct Limits {
    std::optional<std::int64_t> max_parallel_jobs{};
    std::optional<Clock::time_point> stop_at{};  ///< When the runner's time limit is reached.
  };

  Starter(RunningJobs& running, JobExchange& exchange, Recovery& recovery, JobSettings& settings, RunnerLog& log,
          const Limits& limits)
      : m_running(running),
        m_exchange(exchange),
        m_recovery(recovery),
        m_settings(settings),
        m_log(log),
        m_limits(limits) {}

  Room room() const;
  /// Whether so many jobs in a row could not be started that this machine is unfit for jobs.
  bool is_unfit() const { return m_policy.is_unfit(); }

  /// Starts the job. A job that cannot be started fails and goes to the recovery. A job that this runner no longer owns
  /// is left alone.
  /// @returns false if the job has to wait until another one has ended
  /// @throws base::ApiError if the server does not answer; call this again later
  bool start(model::Job& job);
  /// Records that a job has ended, which frees resources.
  void record_end() { m_policy.record_end(); }

 private:
  bool launch(const model::Job& job, const JobNeeds& needs, std::vector<DeclaredOutput>&& outputs);
  void fail(const model::Job& job, const base::Error& error);

  RunningJobs& m_running;
  JobExchange& m_exchange;
  Recovery& m_recovery;
  JobSettings& m_settings;
  RunnerLog& m_log;
  const Limits m_limits;
  StartPolicy m_policy;
};

}  // namespace torc::runner
