#pragma once

#include <cstdint>
#include <map>

#include "torc/client/api.hpp"

namespace torc::app {

/// The number of jobs in each status, including statuses without jobs.
using CountByStatus = std::map<model::JobStatus, std::int64_t>;

/// Queries the server: one list if it is short, otherwise one count per status.
/// @throws base::ApiError
CountByStatus count_by_status(client::Api& api, model::Id workflow_id);

/// The counts in reports of a run.
struct JobCounts {
  std::int64_t total{0};
  std::int64_t completed{0};
  std::int64_t failed{0};    ///< Failed or terminated.
  std::int64_t canceled{0};  ///< A job they depend on failed, or the workflow was canceled.
  std::int64_t running{0};
  std::int64_t ready{0};

  std::int64_t left() const { return total - completed - failed - canceled; }
};

/// Queries the server, by its summary if it has that capability.
/// @throws base::ApiError
JobCounts count_jobs(client::Api& api, model::Id workflow_id);

}  // namespace torc::app
