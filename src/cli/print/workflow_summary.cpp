#include "cli/print/workflow_summary.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "torc/app/workflows/job_counts.hpp"
#include "torc/base/units.hpp"

namespace torc::cli {
namespace {

void sum_times(client::Api& api, model::Id id, WorkflowSummary& summary) {
  std::optional<std::chrono::system_clock::time_point> first;
  std::optional<std::chrono::system_clock::time_point> last;
  for (const auto& result : api.list_results(id, {}).items) {
    summary.exec_time_minutes += result.exec_time_minutes;
    if (const auto end = base::parse_timestamp(result.completion_time)) {
      const auto start = *end - std::chrono::milliseconds(std::llround(result.exec_time_minutes * 60'000));
      first = first ? std::min(*first, start) : start;
      last = last ? std::max(*last, *end) : *end;
    }
  }
  if (first && last) {
    summary.walltime = std::chrono::duration_cast<std::chrono::milliseconds>(*last - *first);
  }
}

/// In the form that scripts expect: "0.4s", "3m 5s", "2h 10m"
std::string formatted(double seconds) {
  if (seconds < 60) {
    return fmt::format("{:.1f}s", seconds);
  }
  const auto whole = std::llround(seconds);
  return whole < 3'600 ? fmt::format("{}m {}s", whole / 60, whole % 60)
                       : fmt::format("{}h {}m", whole / 3'600, whole % 3'600 / 60);
}

/// The counts from the server.
void take_summary(const model::Summary& counted, WorkflowSummary& summary) {
  summary.completion = {
      .is_canceled = counted.is_canceled, .is_complete = counted.is_complete, .needs_to_run_completion_script = false};
  for (const auto status : model::k_job_statuses) {
    summary.jobs[status] = counted.jobs.is_object() ? counted.jobs.value(model::to_string(status), std::int64_t{0}) : 0;
  }
  summary.total_jobs = counted.total_jobs;
  summary.active_compute_nodes = counted.active_compute_nodes;
  summary.pending_scheduled_nodes = counted.pending_scheduled_nodes;
  summary.active_scheduled_nodes = counted.active_scheduled_nodes;
  summary.exec_time_minutes = counted.exec_time_minutes;
  if (counted.walltime_seconds) {
    summary.walltime = std::chrono::milliseconds(std::llround(*counted.walltime_seconds * 1000));
  }
}

}  // namespace

WorkflowSummary summarize_workflow(client::Api& api, model::Id id) {
  WorkflowSummary summary;
  summary.workflow = api.get_workflow(id);
  if (api.has_capability(model::Capability::summary)) {
    take_summary(api.summarize_workflow(id), summary);
    return summary;
  }
  summary.completion = api.is_workflow_complete(id);
  client::ComputeNodeFilter active;
  active.is_active = true;
  active.paging.limit = 1;
  summary.active_compute_nodes = api.list_compute_nodes(id, active).total_count;
  summary.pending_scheduled_nodes = api.count_scheduled_compute_nodes(id, "pending");
  summary.active_scheduled_nodes = api.count_scheduled_compute_nodes(id, "active");
  summary.jobs = app::count_by_status(api, id);
  for (const auto& [status, count] : summary.jobs) {
    summary.total_jobs += count;
  }
  sum_times(api, id, summary);
  return summary;
}

nlohmann::json summary_json(const WorkflowSummary& summary) {
  nlohmann::json jobs = nlohmann::json::object();
  for (const auto& [status, count] : summary.jobs) {
    jobs[model::to_string(status)] = count;
  }
  nlohmann::json document = {{"workflow_id", summary.workflow.id.value_or(0)},
                             {"workflow_name", summary.workflow.name},
                             {"workflow_user", summary.workflow.user},
                             {"is_complete", summary.completion.is_complete},
                             {"is_canceled", summary.completion.is_canceled},
                             {"total_jobs", summary.total_jobs},
                             {"jobs_by_status", std::move(jobs)},
                             {"active_compute_nodes", summary.active_compute_nodes},
                             {"pending_scheduled_nodes", summary.pending_scheduled_nodes},
                             {"active_scheduled_nodes", summary.active_scheduled_nodes},
                             {"total_exec_time_minutes", summary.exec_time_minutes},
                             {"total_exec_time_formatted", formatted(summary.exec_time_minutes * 60)}};
  if (summary.walltime) {
    const double seconds = static_cast<double>(summary.walltime->count()) / 1000.0;
    document["walltime_seconds"] = seconds;
    document["walltime_formatted"] = formatted(seconds);
  }
  return document;
}

}  // namespace torc::cli
