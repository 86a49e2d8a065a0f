#pragma once

#include <array>
#include <string_view>

namespace torc::model {

/// States of a job. The numbers are those of the database of torc 0.23; the wire carries names.
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

const char* to_string(JobStatus status);

/// False where `text` is no state's name; then `status` is as it was.
bool parse(std::string_view text, JobStatus& status);

/// Whether a job in this state will not run again by itself: completed, failed, canceled, terminated, disabled.
bool is_final(JobStatus status);

}  // namespace torc::model
