#pragma once

// Several jobs of one workflow that end at the same time: request and response of batch_complete_jobs, an addition to
// torc 0.23.

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

/// Each job is completed or refused independently of the others.
struct CompletedJobs {
  std::vector<Id> completed;
  std::vector<CompletionError> errors;

  TORC_FIELDS(completed, errors);
};

}  // namespace torc::model
