#pragma once

namespace torc::runner {

/// What a runner does, from its registration to its end.
enum class Phase {
  preparing,  ///< The start actions of the workflow run: nothing is claimed yet.
  working,    ///< Jobs are claimed and run.
  draining,   ///< Nothing more is claimed: the jobs that run are the last.
  lost,       ///< The server counts the compute node as gone: other runners have its jobs. Ends with a rejoin.
  ending,     ///< No more turns: jobs are ended, what is known is handed in, the compute node becomes inactive.
};

/// The phase of a run, and how it changes. Pure state.
///
///     preparing -> working -> draining
///         any of these <-> lost
///         any -> ending
///
/// All parts of one turn agree about the phase: it changes by these calls alone, although the start actions may end,
/// and a drain may be requested, at any moment in another thread.
class PhaseMachine {
 public:
  Phase phase() const { return m_phase; }
  /// Whether the run drains, or will once the start actions have ended.
  bool drain_requested() const { return m_drain_requested; }

  /// The start actions have ended.
  void begin_work();
  /// No more jobs are wanted. Never taken back.
  void drain();
  void mark_lost();
  /// The runner goes on, as another compute node, in the phase in which it was lost.
  void rejoin();
  void end() { m_phase = Phase::ending; }

 private:
  Phase m_phase{Phase::preparing};
  Phase m_phase_before_loss{Phase::preparing};
  bool m_drain_requested{false};
};

}  // namespace torc::runner
