#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runner/jobs/attempt.hpp"
#include "runner/jobs/output_checks.hpp"
#include "runner/runner_log.hpp"

namespace torc::runner {

/// Jobs that exited with 0, until their declared outputs are checked: a job whose outputs are missing has failed. One
/// thread.
class UnverifiedJobs {
 public:
  struct Job {
    Attempt attempt{};
    std::vector<std::string> files_of_success{};  ///< To be removed if the job is completed.
  };

  /// @param on_checked  Called by another thread when `take_verified` has something to return.
  UnverifiedJobs(RunnerLog& log, std::function<void()> on_checked) : m_log(log), m_checks(std::move(on_checked)) {}

  bool empty() const { return m_jobs.empty(); }
  /// Adds a job and begins the check of its outputs.
  void add(Job&& job, std::vector<DeclaredOutput>&& outputs);
  /// Jobs whose checks have ended since the last call; their results say whether the job has failed. Never blocks.
  std::vector<Job> take_verified();
  /// All other jobs. Their checks are ignored.
  std::vector<Job> take_unverified();

 private:
  RunnerLog& m_log;
  OutputChecks m_checks;
  std::map<OutputChecks::Ticket, Job> m_jobs;
};

}  // namespace torc::runner
