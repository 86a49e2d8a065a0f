#include "runner/loop/phase.hpp"

namespace torc::runner {

void PhaseMachine::begin_work() {
  if (m_phase == Phase::preparing) {
    m_phase = m_drain_requested ? Phase::draining : Phase::working;
  }
}

void PhaseMachine::drain() {
  m_drain_requested = true;
  if (m_phase == Phase::working) {
    m_phase = Phase::draining;
  }
}

void PhaseMachine::mark_lost() {
  if (m_phase != Phase::lost && m_phase != Phase::ending) {
    m_phase_before_loss = m_phase;
    m_phase = Phase::lost;
  }
}

void PhaseMachine::rejoin() {
  if (m_phase == Phase::lost) {
    const bool drains = m_drain_requested && m_phase_before_loss == Phase::working;
    m_phase = drains ? Phase::draining : m_phase_before_loss;
  }
}

}  // namespace torc::runner
