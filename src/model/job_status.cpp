#include "torc/model/job_status.hpp"

namespace torc::model {

bool parse(std::string_view text, JobStatus& status) {
  for (const JobStatus candidate : k_job_statuses) {
    if (text == to_string(candidate)) {
      status = candidate;
      return true;
    }
  }
  return false;
}

}  // namespace torc::model
