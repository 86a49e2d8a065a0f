#include "torc/model/job_status.hpp"

namespace torc::model {

const char* to_string(JobStatus status) {
  switch (status) {
    case JobStatus::uninitialized:
      return "uninitialized";
    case JobStatus::blocked:
      return "blocked";
    case JobStatus::ready:
      return "ready";
    case JobStatus::pending:
      return "pending";
    case JobStatus::running:
      return "running";
    case JobStatus::completed:
      return "completed";
    case JobStatus::failed:
      return "failed";
    case JobStatus::canceled:
      return "canceled";
    case JobStatus::terminated:
      return "terminated";
    case JobStatus::disabled:
      return "disabled";
    case JobStatus::pending_failed:
      return "pending_failed";
  }
  return "unknown";
}

bool parse(std::string_view text, JobStatus& status) {
  for (const JobStatus candidate : k_job_statuses) {
    if (text == to_string(candidate)) {
      status = candidate;
      return true;
    }
  }
  return false;
}

bool is_final(JobStatus status) {
  return status == JobStatus::completed || status == JobStatus::failed || status == JobStatus::canceled ||
         status == JobStatus::terminated || status == JobStatus::disabled;
}

}  // namespace torc::model
