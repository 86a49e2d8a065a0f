#include "runner/loop/reaper.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace torc::runner {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool Reaper::reap() {
  bool any = false;
  for (auto& ended : m_running.reap()) {
    finish(std::move(ended));
    any = true;
  }
  return take_verified() || any;
}

void Reaper::finish(EndedJob&& ended) {
  const model::Id id = ended.job.id.value_or(0);
  m_starter.record_end();
  if (ended.reason == EndReason::interrupted) {
    m_recovery.forget(id);
    m_outbox.add_requeue(std::move(ended));
    return;
  }
  if (ended.was_recovery) {
    m_recovery.end_script(id, ended.return_code);
    return;
  }
  auto outputs = std::move(ended.outputs);
  UnverifiedJobs::Job job;
  job.files_of_success = std::move(ended.files_of_success);
  job.attempt = attempt_of(m_exchange.result_owner(), std::move(ended));
  if (job.attempt.result.status == model::JobStatus::completed && !outputs.empty()) {
    m_unverified.add(std::move(job), std::move(outputs));
  } else {
    settle(std::move(job));
  }
}

/// The outcome of the job is known now.
void Reaper::settle(UnverifiedJobs::Job&& job) {
  if (job.attempt.result.status == model::JobStatus::failed) {
    m_recovery.add(std::move(job.attempt));
    return;
  }
  if (job.attempt.result.status == model::JobStatus::completed) {
    for (const auto& file : job.files_of_success) {
      std::error_code ignored;
      std::filesystem::remove(file, ignored);
    }
  }
  m_outbox.add(std::move(job.attempt));
}

bool Reaper::take_verified() {
  auto verified = m_unverified.take_verified();
  for (auto& job : verified) {
    settle(std::move(job));
  }
  return !verified.empty();
}

void Reaper::end_all(milliseconds lead, const std::stop_token& kill_now) {
  for (auto& ended : m_running.end_all(lead, kill_now)) {
    finish(std::move(ended));
  }
  wait_for_checks(kill_now);
  for (auto& attempt : m_recovery.take_undecided()) {
    requeue(std::move(attempt));  // No more decisions are made at the end of a run.
  }
}

/// Limited, because a check of a hanging file system does not end.
void Reaper::wait_for_checks(const std::stop_token& kill_now) {
  constexpr seconds k_limit{8};
  constexpr seconds k_limit_of_kill{1};
  constexpr milliseconds k_pause{100};
  const auto began = RunningJobs::Clock::now();
  for (take_verified(); !m_unverified.empty(); take_verified()) {
    const auto give_up = began + (kill_now.stop_requested() ? k_limit_of_kill : k_limit);
    if (RunningJobs::Clock::now() >= give_up) {
      break;
    }
    m_running.wait(std::min(give_up, RunningJobs::Clock::now() + k_pause));
  }
  for (auto& job : m_unverified.take_unverified()) {
    m_log.warning("job {} ({}) is requeued: its output files cannot be checked in time", job.attempt.result.job_id,
                  job.attempt.job.name);
    requeue(std::move(job.attempt));
  }
}

void Reaper::requeue(Attempt&& attempt) {
  m_outbox.add_requeue(
      {.job = std::move(attempt.job), .run_id = attempt.result.run_id, .reason = EndReason::interrupted});
}

void Reaper::discard_all(const std::stop_token& kill_now) {
  for (const auto& ended : m_running.end_all(milliseconds(0), kill_now)) {
    m_log.warning("job {} ({}), attempt {}, was ended: it is no longer this runner's", ended.job.id.value_or(0),
                  ended.job.name, ended.job.attempt_id.value_or(1));
  }
  m_unverified.take_unverified();
  m_recovery.clear();
}

}  // namespace torc::runner
