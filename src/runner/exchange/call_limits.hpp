#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <utility>

#include "torc/client/api.hpp"

namespace torc::runner {

/// Says how long the calls of a runner may wait for their answers. Its one thread makes them, so a server that takes
/// them and answers nothing must not hold up what is due for the jobs that run, or a stop. What is given up may have
/// been done by the server, hence each call has a second, whatever is due. One thread.
class CallLimits {
 public:
  using Clock = std::chrono::steady_clock;
  /// When something is due for the jobs that run: a time in the past where that is now, the far future where it is
  /// nothing. No value: no job runs.
  using JobsDue = std::function<std::optional<Clock::time_point>()>;

  /// Holds for the calls of `api` while this lives.
  CallLimits(client::Api& api, const std::stop_token& stop, const std::stop_token& haste);
  CallLimits(const CallLimits&) = delete;
  CallLimits& operator=(const CallLimits&) = delete;
  ~CallLimits();

  /// Until it is said there are no jobs.
  void follow_jobs(JobsDue due) { m_jobs_due = std::move(due); }
  /// When the runner's own time is over.
  void stop_at(Clock::time_point when) { m_stop_at = when; }

  /// While one lives, calls may wait until then, whether a stop was requested or not.
  class LastWords {
   public:
    LastWords(CallLimits& limits, Clock::time_point until) : m_limits(limits) { m_limits.m_last_words = until; }
    LastWords(const LastWords&) = delete;
    LastWords& operator=(const LastWords&) = delete;
    ~LastWords() { m_limits.m_last_words.reset(); }

   private:
    CallLimits& m_limits;
  };

  /// While one lives, calls are given up for what is due only: nothing finds out later what the server did.
  class Irrevocable {
   public:
    explicit Irrevocable(CallLimits& limits, bool is_so) : m_limits(limits) { m_limits.m_irrevocable = is_so; }
    Irrevocable(const Irrevocable&) = delete;
    Irrevocable& operator=(const Irrevocable&) = delete;
    ~Irrevocable() { m_limits.m_irrevocable = false; }

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
  const std::stop_token m_haste;
  JobsDue m_jobs_due{};
  Clock::time_point m_stop_at{Clock::time_point::max()};
  std::optional<Clock::time_point> m_last_words;
  bool m_irrevocable{false};
};

}  // namespace torc::runner
