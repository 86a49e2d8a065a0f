// What follows when jobs have exited with 0: a job is completed only if its declared outputs exist.

#include <algorithm>
#include <system_error>
#include <utility>

#include "runner/loop/run_loop.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Longer than a check takes unless a file system hangs.
constexpr seconds k_check_limit{8};
constexpr seconds k_hasty_check_limit{1};

}  // namespace

/// How the job ended is known now.
void RunLoop::settle(Attempt&& attempt, const std::vector<std::string>& files_of_success) {
  if (attempt.result.status == model::JobStatus::failed) {
    m_recovery->add(std::move(attempt));
    return;
  }
  if (attempt.result.status == model::JobStatus::completed) {
    for (const auto& file : files_of_success) {
      std::error_code ignored;
      std::filesystem::remove(file, ignored);
    }
  }
  m_outbox->add(std::move(attempt));
}

void RunLoop::take_verified() {
  for (auto& job : m_unverified->take_verified()) {
    m_last_work = Clock::now();
    settle(std::move(job.attempt), job.files_of_success);
  }
}

/// At the end of a run. Jobs whose outputs cannot be checked, because a file system hangs, are given back.
void RunLoop::wait_for_checks() {
  constexpr milliseconds k_pause{100};
  const auto began = Clock::now();
  for (take_verified(); !m_unverified->empty(); take_verified()) {
    const auto give_up = began + (m_options.haste.stop_requested() ? k_hasty_check_limit : k_check_limit);
    if (Clock::now() >= give_up) {
      break;
    }
    m_running->wait(std::min(give_up, Clock::now() + k_pause));
  }
  for (auto& [attempt, files_of_success] : m_unverified->take_unverified()) {
    m_log.warning("job {} ({}) is given back: its output files cannot be checked in time", attempt.result.job_id,
                  attempt.job.name);
    m_outbox->add_requeue(
        {.job = std::move(attempt.job), .run_id = attempt.result.run_id, .reason = EndReason::interrupted});
  }
}

}  // namespace torc::runner
