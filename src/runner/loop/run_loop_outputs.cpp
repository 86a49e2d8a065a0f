// What follows when jobs have exited with 0: a job is completed only if its declared outputs exist.

#include <algorithm>
#include <system_error>
#include <utility>

#include "runner/loop/run_loop.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Return code of a job that has not written an output (torc 0.23 uses the same).
constexpr std::int64_t k_output_missing = 1;
/// Longer than a check takes unless a file system hangs.
constexpr seconds k_check_limit{8};
constexpr seconds k_hasty_check_limit{1};

nlohmann::json files_of(const std::vector<MissingOutput>& missing) {
  nlohmann::json files = nlohmann::json::array();
  for (const auto& each : missing) {
    files.push_back({{"name", each.output.name}, {"path", each.output.path.string()}});
  }
  return files;
}

}  // namespace

/// How the job ended is known now.
void RunLoop::settle(Attempt&& attempt, const std::vector<std::string>& files_of_success) {
  if (attempt.result.status == model::JobStatus::failed) {
    m_failed.push_back({.attempt = std::move(attempt)});
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

void RunLoop::take_checked() {
  for (auto& checked : m_output_checks->take()) {
    auto node = m_unchecked.extract(checked.ticket);
    if (node.empty()) {
      continue;  // The job was lost to another runner meanwhile.
    }
    auto& [attempt, files_of_success] = node.mapped();
    if (!checked.missing.empty()) {
      attempt.result.return_code = k_output_missing;
      attempt.result.status = model::JobStatus::failed;
      attempt.event_type = "job_output_missing";
      attempt.message = "exited with 0, but " + words_for(checked.missing);
      attempt.details["files"] = files_of(checked.missing);
      m_log.warning("job {} ({}) {}: it has failed", attempt.result.job_id, attempt.job.name, attempt.message);
    }
    m_last_work = Clock::now();
    settle(std::move(attempt), files_of_success);
  }
}

/// At the end of a run. Jobs whose outputs cannot be checked, because a file system hangs, are given back.
void RunLoop::wait_for_checks() {
  constexpr milliseconds k_pause{100};
  const auto began = Clock::now();
  for (take_checked(); !m_unchecked.empty(); take_checked()) {
    const auto give_up = began + (m_options.haste.stop_requested() ? k_hasty_check_limit : k_check_limit);
    if (Clock::now() >= give_up) {
      break;
    }
    m_running->wait(std::min(give_up, Clock::now() + k_pause));
  }
  for (auto& [ticket, unchecked] : m_unchecked) {
    const auto& result = unchecked.attempt.result;
    m_log.warning("job {} ({}) is given back: its output files cannot be checked in time", result.job_id,
                  unchecked.attempt.job.name);
    m_outbox->add_requeue(
        {.job = std::move(unchecked.attempt.job), .run_id = result.run_id, .reason = EndReason::interrupted});
  }
  m_unchecked.clear();
}

}  // namespace torc::runner
