#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>

#include "torc/app/fleet/fleet.hpp"
#include "torc/app/fleet/restart_options.hpp"
#include "torc/app/server_access.hpp"
#include "torc/app/workflows/job_counts.hpp"
#include "torc/remote/state.hpp"

namespace torc::app {

class Reporter;

struct WatchRequest {
  std::chrono::seconds interval{30};  ///< Between questions to the workers themselves; the server is asked more often.
  /// What is known of workers, by their `stored`: these are asked some seconds later.
  std::map<std::string, remote::WorkerState> known{};
  RestartOptions restarts{};  ///< Whether workers that died are started again, with the settings of their last start.
};

/// How a workflow stood when the watching ended.
struct WatchOutcome {
  enum class End {
    complete,
    canceled,
    no_workers,   ///< No runner is left, and none is started again; jobs are.
    interrupted,  ///< The user did not want to wait longer.
  };

  End end{End::complete};
  JobCounts jobs{};
  std::map<std::string, std::int64_t> restarts{};  ///< Of workers that were started again, by address as stored.
};

/// Reports snapshots of the workers and the progress until the workflow is complete or canceled, nobody works on it any
/// more, or a stop is requested. Starts workers again that died, where that is wanted.
/// @throws base::ApiError where the server stays away for minutes
WatchOutcome watch_fleet(client::Api& api, const Fleet& fleet, const WatchRequest& request,
                         const remote::SshOptions& ssh, const ServerAccess& server, Reporter& reporter,
                         const std::stop_token& stop);

}  // namespace torc::app
