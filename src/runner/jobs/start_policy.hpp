#pragma once

#include "torc/base/error.hpp"

namespace torc::runner {

/// Decides what to do when a job cannot be started: it waits, or it fails. After several failures in a row the machine
/// is unfit for jobs. Pure state.
class StartPolicy {
 public:
  /// After this many failures in a row, the cause is the machine, not the jobs.
  static constexpr int k_max_failures = 5;

  enum class Verdict {
    wait,  ///< Running jobs use the lacking resources: try again after one has ended.
    fail,  ///< The job has failed.
  };

  /// Whether a start is worth trying.
  bool may_start(bool any_running) const { return !m_is_short || !any_running; }
  /// `k_max_failures` jobs in a row could not be started.
  bool is_unfit() const { return m_is_unfit; }

  void record_start() { m_failures = 0; }
  Verdict record_failure(const base::Error& error, bool any_running);
  /// Records that a job has ended, which frees resources.
  void record_end() { m_is_short = false; }

 private:
  int m_failures{0};  ///< In a row.
  bool m_is_short{false};
  bool m_is_unfit{false};
};

}  // namespace torc::runner
