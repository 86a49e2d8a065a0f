#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <utility>

#include "torc/client/api.hpp"

namespace torc::runner {

/// Limits how long the runner's calls wait for an answer. The runner has only one thread, so a server that accepts a
/// call and never answers must not delay what is due for running jobs, or a stop. The server may have carried out a
/// call that was abandoned; therefore each call waits for at least one second, whatever is due. One thread.
class CallLimits {
 public:
  using Clock = std::chrono::steady_clock;
  /// When the running jobs need attention: a time in the past if now, the far future if never. No value if no job runs.
  using JobsDue = std::function<std::optional<Clock::time_point>()>;

  /// Applies to the calls of `api` during the lifetime of this object.
  CallLimits(client::Api& api, const std::stop_token& stop, const std::stop_token& kill_now);
  CallLimits(const CallLimits&) = delete;
  CallLimits& operator=(const CallLimits&) = delete;
  ~CallLimits();

  /// Sets the source of `JobsDue`. Without it, no jobs run.
  void follow_jobs(JobsDue due) { m_jobs_due = std::move(due); }
  /// Sets the time at which the runner's time limit is reached.
  void stop_at(Clock::time_point when) { m_stop_at = when; }

  /// During its lifetime, calls may wait until the given time, even if a stop was requested.
  class Deadline {
   public:
    Deadline(CallLimits& limits, Clock::time_point until) : m_limits(limits) { m_limits.m_deadline = until; }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    ~Deadline() { m_limits.m_deadline.reset(); }

   private:
    CallLimits& m_limits;
  };

  /// During its lifetime, calls are abandoned only if something is due for the jobs, because nothing finds out later
  /// what the server did.
  class WithoutTimeout {
   public:
    explicit WithoutTimeout(CallLimits& limits, bool applies) : m_limits(limits) {
      m_limits.m_without_timeout = applies;
    }
    WithoutTimeout(const WithoutTimeout&) = delete;
    WithoutTimeout& operator=(const WithoutTimeout&) = delete;
    ~WithoutTimeout() { m_limits.m_without_timeout = false; }

   private:
    CallLimits& m_limits;
  };

  /// When a call that began at `began` is abandoned.
  Clock::time_point limit(Clock::time_point began) const;

 private:
  Clock::time_point due(Clock::time_point began) const;
  std::chrono::milliseconds left(Clock::time_point began) const;

  client::Api& m_api;
  const std::stop_token m_stop;
  const std::stop_token m_kill_now;
  JobsDue m_jobs_due{};
  Clock::time_point m_stop_at{Clock::time_point::max()};
  std::optional<Clock::time_point> m_deadline;
  bool m_without_timeout{false};
};

}  // namespace torc::runner
