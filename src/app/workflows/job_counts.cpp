#include "torc/app/workflows/job_counts.hpp"

#include <nlohmann/json.hpp>

namespace torc::app {
namespace {

/// Up to this many jobs are fetched in one response and counted here, so that a job whose status changes is not counted
/// twice. For more jobs, the server is queried for the count of each status.
constexpr std::int64_t k_counted_here = 2'000;

CountByStatus no_jobs() {
  CountByStatus counts;
  for (const auto status : model::k_job_statuses) {
    counts[status] = 0;
  }
  return counts;
}

CountByStatus counted_by_server(client::Api& api, model::Id workflow_id) {
  const auto summary = api.summarize_workflow(workflow_id);
  auto counts = no_jobs();
  for (auto& [status, count] : counts) {
    count = summary.jobs.is_object() ? summary.jobs.value(model::to_string(status), std::int64_t{0}) : 0;
  }
  return counts;
}

}  // namespace

CountByStatus count_by_status(client::Api& api, model::Id workflow_id) {
  auto counts = no_jobs();
  client::JobFilter filter;
  filter.paging.limit = k_counted_here;
  const auto first = api.list_jobs(workflow_id, filter);
  if (!first.has_more) {
    for (const auto& job : first.items) {
      ++counts[job.status.value_or(model::JobStatus::uninitialized)];
    }
    return counts;
  }
  filter.paging.limit = 1;
  for (auto& [status, count] : counts) {
    filter.status = status;
    count = api.list_jobs(workflow_id, filter).total_count;
  }
  return counts;
}

JobCounts count_jobs(client::Api& api, model::Id workflow_id) {
  using model::JobStatus;
  auto by_status = api.has_capability(model::Capability::summary) ? counted_by_server(api, workflow_id)
                                                                  : count_by_status(api, workflow_id);
  JobCounts counts{.completed = by_status[JobStatus::completed],
                   .failed = by_status[JobStatus::failed] + by_status[JobStatus::terminated],
                   .canceled = by_status[JobStatus::canceled],
                   .running = by_status[JobStatus::running],
                   .ready = by_status[JobStatus::ready]};
  for (const auto& [status, count] : by_status) {
    counts.total += count;
  }
  return counts;
}

}  // namespace torc::app
