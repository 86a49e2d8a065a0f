#include "runner/jobs/attempt.hpp"

#include <algorithm>
#include <utility>

#include "torc/base/units.hpp"

namespace torc::runner {
namespace {

void record_usage(const metrics::JobSummary& used, model::Result& result) {
  result.peak_cpu_percent = used.usage.peak_cpu_percent;
  result.avg_cpu_percent = used.usage.avg_cpu_percent;
  if (used.usage.samples > 0) {  // Otherwise the job was too short to be sampled.
    result.peak_memory_bytes = used.usage.peak_memory_bytes;
    result.avg_memory_bytes = used.usage.avg_memory_bytes;
  }
}

std::string message_of_excess(const EndedJob& ended) {
  const std::string used = base::format_bytes(ended.excess_bytes);
  const std::string limit = base::format_bytes(ended.memory_limit);
  // The usage of a job with a limit enforced by the kernel never exceeds that limit.
  return ended.killed_by_kernel
             ? fmt::format(
                   "its processes used {} of memory and needed more than the {} it requested: the kernel "
                   "killed it",
                   used, limit)
             : fmt::format("its processes used {} of memory, more than the {} it requested: it was killed", used,
                           limit);
}

}  // namespace

model::Result result_of(const ResultOwner& owner, const model::Job& job, std::int64_t run_id, std::int64_t return_code,
                        std::chrono::duration<double> ran) {
  model::Result result;
  result.job_id = job.id.value_or(0);
  result.workflow_id = owner.workflow_id;
  result.run_id = run_id;
  result.attempt_id = job.attempt_id;
  result.compute_node_id = owner.compute_node_id;
  result.return_code = return_code;
  result.exec_time_minutes = ran.count() / 60.0;
  result.completion_time = base::timestamp_now();
  result.status = return_code == 0 ? model::JobStatus::completed : model::JobStatus::failed;
  return result;
}

Attempt attempt_of(const ResultOwner& owner, EndedJob&& ended) {
  Attempt attempt;
  attempt.result = result_of(owner, ended.job, ended.run_id, ended.return_code, ended.ran);
  if (ended.usage) {
    record_usage(*ended.usage, attempt.result);
  }
  if (ended.reason == EndReason::run_time) {
    attempt.result.status = model::JobStatus::terminated;
  }
  if (ended.reason == EndReason::memory) {
    attempt.result.peak_memory_bytes = std::max(attempt.result.peak_memory_bytes.value_or(0), ended.excess_bytes);
    attempt.event_type = "job_exceeded_memory";
    attempt.message = message_of_excess(ended);
  }
  attempt.job = std::move(ended.job);
  return attempt;
}

}  // namespace torc::runner
