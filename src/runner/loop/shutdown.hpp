#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "runner/loop/parts.hpp"

namespace torc::runner {

/// The end of a run: after its last job, by a stop, at the time limit, by a cancel of the workflow, or after an error.
/// In each case, ends running jobs, reports results, and requeues unfinished jobs. One thread.
class Shutdown {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param on_change  Called when the report has changed.
  Shutdown(Parts& parts, std::function<void()> on_change) : m_parts(parts), m_on_change(std::move(on_change)) {}

  /// @param why  The reason, for the log.
  /// @throws base::ApiError if the server does not answer for too long, as all functions here except `abandon`
  void stop(const std::string& why);
  void stop_at_time_limit();
  void cancel();

  /// The last steps of every orderly end: runs the final actions, and deactivates the compute node.
  void finish();
  /// After an error: ends all jobs, and requeues them or writes them to the journal.
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
