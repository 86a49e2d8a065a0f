#include "runner/loop/starter.hpp"

#include <utility>

#include "torc/base/error.hpp"

namespace torc::runner {

Room Starter::room() const {
  Room room{.max_parallel_jobs = m_limits.max_parallel_jobs, .running = m_running.count(), .free = m_running.free()};
  if (m_limits.stop_at) {
    room.time_left = *m_limits.stop_at - Clock::now();
  }
  return room;
}

bool Starter::start(model::Job& job) {
  const JobNeeds needs = m_exchange.needs(job);
  if (!room().has_place_for(needs.resources) || !m_policy.may_start(!m_running.empty())) {
    return false;
  }
  auto outputs = m_exchange.declared_outputs(job);  // Queried now, because the server may be away when the job ends.
  if (!m_exchange.start(job)) {
    return true;
  }
  m_settings.run_id = m_exchange.run_id();
  if (launch(job, needs, std::move(outputs))) {
    return true;
  }
  job.status = model::JobStatus::running;  // The status that the server has recorded.
  return false;
}

bool Starter::launch(const model::Job& job, const JobNeeds& needs, std::vector<DeclaredOutput>&& outputs) {
  const model::Id id = job.id.value_or(0);
  m_recovery.forget(id);  // An earlier attempt is obsolete if the job was claimed again.
  try {
    m_running.start(job, needs, m_settings, std::move(outputs));
    m_policy.record_start();
  } catch (const base::Error& error) {
    if (m_policy.record_failure(error, !m_running.empty()) == StartPolicy::Verdict::wait) {
      m_log.warning("job {} ({}) waits until one of the {} running jobs has ended: {}", id, job.name, m_running.count(),
                    error.what());
      return false;
    }
    fail(job, error);
  }
  return true;
}

void Starter::fail(const model::Job& job, const base::Error& error) {
  /// What a shell returns for a program that it cannot execute.
  constexpr std::int64_t k_cannot_execute = 126;
  m_log.error("job {} ({}) cannot be started: {}", job.id.value_or(0), job.name, error.what());
  auto result = result_of(m_exchange.result_owner(), job, m_settings.run_id, k_cannot_execute, {});
  m_recovery.add({.job = job, .result = std::move(result), .event_type = "job_start_failed", .message = error.what()});
  if (is_unfit()) {
    m_log.error("{} jobs in a row could not be started: this machine is unfit, and the runner claims no more jobs",
                StartPolicy::k_max_failures);
  }
}

}  // namespace torc::runner
