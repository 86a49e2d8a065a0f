#pragma once

#include <array>
#include <string_view>

namespace torc::model {

/// Statuses of a job. The numbers are those of the database of torc 0.23; the REST interface uses the names.
enum class JobStatus {
  uninitialized = 0,
  blocked = 1,
  ready = 2,
  pending = 3,  ///< Claimed by a runner, not started yet.
  running = 4,
  completed = 5,
  failed = 6,
  canceled = 7,
  terminated = 8,
  disabled = 9,
  pending_failed = 10,
};

inline constexpr std::array k_job_statuses{JobStatus::uninitialized, JobStatus::blocked,       JobStatus::ready,
                                           JobStatus::pending,       JobStatus::running,       JobStatus::completed,
                                           JobStatus::failed,        JobStatus::canceled,      JobStatus::terminated,
                                           JobStatus::disabled,      JobStatus::pending_failed};

constexpr const char* to_string(JobStatus status) {
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

/// @returns false, with `status` unchanged, if `text` is not a status name
bool parse(std::string_view text, JobStatus& status);

/// Whether the job runs again only if a user or a retry makes it: completed, failed, canceled, terminated or disabled.
constexpr bool is_final(JobStatus status) {
  return status == JobStatus::completed || status == JobStatus::failed || status == JobStatus::canceled ||
         status == JobStatus::terminated || status == JobStatus::disabled;
}

/// Whether a compute node has claimed the job or is running it.
constexpr bool is_at_work(JobStatus status) {
  return status == JobStatus::pending || status == JobStatus::running;
}

}  // namespace torc::model
