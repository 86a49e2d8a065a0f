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
  std::chrono::seconds interval{30};  ///< Between ssh queries of a worker; the server is polled more often.
  /// Known states, by `Worker::stored`: these workers are first queried some seconds later.
  std::map<std::string, remote::WorkerState> known{};
  RestartOptions restarts{};  ///< Restarts use the settings of the last start.
};

/// The state of the workflow when the watch ended.
struct WatchOutcome {
  enum class End {
    complete,
    canceled,
    no_workers,   ///< Jobs are left, but no runner, and none is restarted.
    interrupted,  ///< The user requested a stop.
  };

  End end{End::complete};
  JobCounts jobs{};
  std::map<std::string, std::int64_t> restarts{};  ///< Number of restarts, by `Worker::stored`.
};

/// Reports snapshots of workers and progress until the workflow is complete or canceled, no runner is left, or a stop is
/// requested. Restarts runners that died, if requested.
/// @throws base::ApiError if the server does not answer for minutes
WatchOutcome watch_fleet(client::Api& api, const Fleet& fleet, const WatchRequest& request,
                         const remote::SshOptions& ssh, const ServerAccess& server, Reporter& reporter,
                         const std::stop_token& stop);

}  // namespace torc::app
