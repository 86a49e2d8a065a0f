#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "runner/loop/parts.hpp"

namespace torc::runner {

/// How a run ends: by itself, by a stop, by the end of its time, by a cancel of the workflow, by an error. Each ends
/// what runs, hands in what is known, and requeues what was not done. One thread.
class Shutdown {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param on_change  Called when the report has changed.
  Shutdown(Parts& parts, std::function<void()> on_change) : m_parts(parts), m_on_change(std::move(on_change)) {}

  /// @param why  For the log.
  /// @throws base::ApiError if the server does not answer for too long, as all of these
  void stop(const std::string& why);
  void stop_at_time_limit();
  void cancel();

  /// What remains to be done after any of these, and after a run that ended by itself: the last actions, and the compute
  /// node becomes inactive.
  void finish();
  /// After an error: nothing may be left running, and what can be requeued is. Else it is left in the journal.
  void abandon() noexcept;

 private:
  void end_jobs();
  void deliver_until(Clock::time_point until);
  void requeue_started(Clock::time_point until, bool time_is_over);
  void requeue_claimed(Clock::time_point until);
  void requeue_lost_claims();
  void run_last_actions();
  void deactivate();

  Parts& m_parts;
  std::function<void()> m_on_change;
};

}  // namespace torc::runner
