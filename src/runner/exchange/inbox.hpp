#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "runner/exchange/call_limits.hpp"
#include "runner/exchange/job_exchange.hpp"
#include "runner/jobs/capacity.hpp"
#include "torc/model/models.hpp"

namespace torc::runner {

/// The capacity of a runner for more jobs.
struct Room {
  std::optional<std::int64_t> max_parallel_jobs{};  ///< If set, jobs are counted and resources ignored.
  std::int64_t running{0};
  Resources free{};
  std::optional<std::chrono::nanoseconds> time_left{};  ///< Until the runner's time limit, if it has one.

  /// Whether a job with these needs may start.
  bool has_place_for(const Resources& needs) const;
  /// What to claim. No value if there is no room.
  std::optional<JobExchange::Wanted> wanted() const;
};

/// Jobs that this runner has claimed but not started. Also decides whether another claim is worth a call. One thread.
class Inbox {
 public:
  Inbox(JobExchange& exchange, CallLimits& limits) : m_exchange(exchange), m_limits(limits) {}

  bool empty() const { return m_jobs.empty(); }
  const std::deque<model::Job>& jobs() const { return m_jobs; }
  model::Job& front() { return m_jobs.front(); }
  void pop_front() { m_jobs.pop_front(); }
  /// Forgets the jobs, because other runners own them now.
  void clear() { m_jobs.clear(); }

  /// False after a claim that returned fewer jobs than wanted, until `allow_claims`, and while claimed jobs wait here.
  bool may_claim() const { return m_may_claim && m_jobs.empty(); }
  void allow_claims() { m_may_claim = true; }
  void pause_claims() { m_may_claim = false; }
  /// Whether the server has ever answered `claim`.
  bool has_claimed() const { return m_has_claimed; }

  /// Claims jobs and adds them here.
  /// @throws base::ApiError
  void claim(const JobExchange::Wanted& wanted);
  /// Like `claim`, but the claim waits for work (`Wanted::wait`).
  void wait_for_jobs(const JobExchange::Wanted& wanted) { add(m_exchange.claim(wanted)); }
  /// Adds jobs from claims whose answers were lost.
  /// @returns whether there were any
  bool find_lost_claims();
  /// Requeues the first job, unless this runner no longer owns it.
  /// @throws base::ApiError if the server does not answer; the job stays here then
  void requeue_front();

 private:
  void add(std::vector<model::Job>&& jobs);

  JobExchange& m_exchange;
  CallLimits& m_limits;
  std::deque<model::Job> m_jobs;
  bool m_may_claim{true};
  bool m_has_claimed{false};
};

}  // namespace torc::runner
