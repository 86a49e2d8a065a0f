#include "runner/jobs/unverified_jobs.hpp"

#include <utility>

namespace torc::runner {
namespace {

/// Return code of a job that has not written an output (same as torc 0.23).
constexpr std::int64_t k_output_missing = 1;

nlohmann::json files_of(const std::vector<MissingOutput>& missing) {
  nlohmann::json files = nlohmann::json::array();
  for (const auto& each : missing) {
    files.push_back({{"name", each.output.name}, {"path", each.output.path.string()}});
  }
  return files;
}

void fail(Attempt& attempt, const std::vector<MissingOutput>& missing) {
  attempt.result.return_code = k_output_missing;
  attempt.result.status = model::JobStatus::failed;
  attempt.event_type = "job_output_missing";
  attempt.message = "exited with 0, but " + words_for(missing);
  attempt.details["files"] = files_of(missing);
}

}  // namespace

void UnverifiedJobs::add(Job&& job, std::vector<DeclaredOutput>&& outputs) {
  const auto ticket = m_checks.begin(std::move(outputs));
  m_jobs.insert_or_assign(ticket, std::move(job));
}

std::vector<UnverifiedJobs::Job> UnverifiedJobs::take_verified() {
  std::vector<Job> verified;
  for (const auto& checked : m_checks.take()) {
    auto node = m_jobs.extract(checked.ticket);
    if (node.empty()) {
      continue;  // Removed by take_unverified.
    }
    Attempt& attempt = node.mapped().attempt;
    if (!checked.missing.empty()) {
      fail(attempt, checked.missing);
      m_log.warning("job {} ({}) {}: it has failed", attempt.result.job_id, attempt.job.name, attempt.message);
    }
    verified.push_back(std::move(node.mapped()));
  }
  return verified;
}

std::vector<UnverifiedJobs::Job> UnverifiedJobs::take_unverified() {
  std::vector<Job> jobs;
  for (auto& [ticket, job] : m_jobs) {
    jobs.push_back(std::move(job));
  }
  m_jobs.clear();
  return jobs;
}

}  // namespace torc::runner
