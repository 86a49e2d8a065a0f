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

/// The room that a runner has for more jobs.
struct Room {
  std::optional<std::int64_t> max_parallel_jobs{};  ///< Given: jobs are counted, and resources are ignored.
  std::int64_t running{0};
  Resources free{};
  std::optional<std::chrono::nanoseconds> time_left{};  ///< Of the runner; nothing: no limit.

  /// Whether a job with these needs may start.
  bool has_place_for(const Resources& needs) const;
  /// What to claim; nothing if the room is full.
  std::optional<JobExchange::Wanted> wanted() const;
};

/// Jobs that this runner has claimed and not started yet, and whether another claim is worth a call. One thread.
class Inbox {
 public:
  Inbox(JobExchange& exchange, CallLimits& limits) : m_exchange(exchange), m_limits(limits) {}

  bool empty() const { return m_jobs.empty(); }
  const std::deque<model::Job>& jobs() const { return m_jobs; }
  model::Job& front() { return m_jobs.front(); }
  void pop_front() { m_jobs.pop_front(); }
  /// Forgets the jobs: other runners have them.
  void clear() { m_jobs.clear(); }

  /// False after a claim that got less than it asked for, until `allow_claims`, and while claimed jobs wait here.
  bool may_claim() const { return m_may_claim && m_jobs.empty(); }
  void allow_claims() { m_may_claim = true; }
  void pause_claims() { m_may_claim = false; }
  /// Whether the server has ever answered `claim`.
  bool has_claimed() const { return m_has_claimed; }

  /// Claims jobs; any that come lie here then.
  /// @throws base::ApiError
  void claim(const JobExchange::Wanted& wanted);
  /// The same, with a claim that waits for work (`Wanted::wait`).
  void wait_for_jobs(const JobExchange::Wanted& wanted) { add(m_exchange.claim(wanted)); }
  /// Adds the jobs of claims whose answers were lost.
  /// @returns whether there are any
  bool find_lost_claims();
  /// Makes the first job ready for others, unless it is no longer this runner's.
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
