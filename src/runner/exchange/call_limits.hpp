#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <utility>

#include "torc/client/api.hpp"

namespace torc::runner {

/// Limits how long the calls of a runner wait for their answers. Its one thread makes them, so a server that takes them
/// and answers nothing must not hold up what is due for the jobs that run, or a stop. The server may have done what is
/// given up, hence each call has a second, whatever is due. One thread.
class CallLimits {
 public:
  using Clock = std::chrono::steady_clock;
  /// When something is due for the jobs that run: a time in the past if that is now, the far future if nothing is. No
  /// value: no job runs.
  using JobsDue = std::function<std::optional<Clock::time_point>()>;

  /// Holds for the calls of `api` while this lives.
  CallLimits(client::Api& api, const std::stop_token& stop, const std::stop_token& kill_now);
  CallLimits(const CallLimits&) = delete;
  CallLimits& operator=(const CallLimits&) = delete;
  ~CallLimits();

  /// Before this call no jobs run.
  void follow_jobs(JobsDue due) { m_jobs_due = std::move(due); }
  /// When the runner's own time is over.
  void stop_at(Clock::time_point when) { m_stop_at = when; }

  /// While one lives, calls may wait until then, whether a stop was requested or not.
  class Deadline {
   public:
    Deadline(CallLimits& limits, Clock::time_point until) : m_limits(limits) { m_limits.m_deadline = until; }
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;
    ~Deadline() { m_limits.m_deadline.reset(); }

   private:
    CallLimits& m_limits;
  };

  /// While one lives, calls are given up only for what is due: nothing finds out later what the server did.
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

  /// When a call that began then is given up.
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
