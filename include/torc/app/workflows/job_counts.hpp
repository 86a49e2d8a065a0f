#pragma once

#include <cstdint>
#include <map>

#include "torc/client/api.hpp"

namespace torc::app {

/// How many jobs of a workflow are in each state; every state, those with no job too.
using CountByStatus = std::map<model::JobStatus, std::int64_t>;

/// Asks the server: for the whole list where it is short, else for a count in each state.
/// @throws base::ApiError
CountByStatus count_by_status(client::Api& api, model::Id workflow_id);

/// As reports of a run put them together.
struct JobCounts {
  std::int64_t total{0};
  std::int64_t completed{0};
  std::int64_t failed{0};    ///< Failed or terminated.
  std::int64_t canceled{0};  ///< A job they depend on failed, or the workflow was canceled.
  std::int64_t running{0};
  std::int64_t ready{0};

  std::int64_t left() const { return total - completed - failed - canceled; }
};

/// Asks the server, for its summary where it has one.
/// @throws base::ApiError
JobCounts count_jobs(client::Api& api, model::Id workflow_id);

}  // namespace torc::app
