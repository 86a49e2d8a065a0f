#pragma once

// Jobs of one workflow that end together: request and answer of batch_complete_jobs, an addition of this project.

#include <cstdint>
#include <string>
#include <vector>

#include "torc/model/models.hpp"

namespace torc::model {

/// One job that ends.
struct JobCompletion {
  Id job_id{0};
  JobStatus status{JobStatus::completed};
  std::int64_t run_id{0};
  Result result;

  TORC_FIELDS(job_id, status, run_id, result);
};

/// Why the server refused to end a job.
struct CompletionError {
  Id job_id{0};
  std::string message;

  TORC_FIELDS(job_id, message);
};

/// Each job ends, or is refused, by itself.
struct CompletedJobs {
  std::vector<Id> completed;
  std::vector<CompletionError> errors;

  TORC_FIELDS(completed, errors);
};

}  // namespace torc::model
