#pragma once

namespace torc::runner {

/// The phases of a runner, from its registration to its end.
enum class Phase {
  preparing,  ///< The workflow's start actions are running; no jobs are claimed yet.
  working,    ///< Jobs are claimed and run.
  draining,   ///< No more jobs are claimed; running jobs finish.
  lost,       ///< The server considers the compute node lost, and other runners have its jobs. Ends with a rejoin.
  ending,     ///< No more turns. Jobs are ended, results reported, and the compute node deactivated.
};

/// The phase is the same throughout a turn: it changes only through these calls, although another thread may end the
/// start actions or request a drain at any time.
class PhaseMachine {
 public:
  Phase phase() const { return m_phase; }
  /// Whether the run is draining, or will drain once the start actions have ended.
  bool drain_requested() const { return m_drain_requested; }

  /// The start actions have ended.
  void begin_work();
  /// Drains. Cannot be undone.
  void drain();
  void mark_lost();
  /// The runner continues, as a new compute node, in the phase in which it was lost.
  void rejoin();
  void end() { m_phase = Phase::ending; }

 private:
  Phase m_phase{Phase::preparing};
  Phase m_phase_before_loss{Phase::preparing};
  bool m_drain_requested{false};
};

}  // namespace torc::runner
