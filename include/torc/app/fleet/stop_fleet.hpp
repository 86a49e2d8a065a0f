#pragma once

#include <chrono>
#include <stop_token>
#include <string>

#include "torc/app/fleet/fleet.hpp"
#include "torc/app/server_access.hpp"
#include "torc/remote/stop.hpp"

namespace torc::app {

class Reporter;

struct StopOptions {
  remote::StopMode mode{remote::StopMode::end};
  std::chrono::seconds timeout{0};  ///< How long to wait until the runners exit; zero: do not wait.
  std::string output_dir{};         ///< If not empty, only runners with this output directory.
  std::string requested_by{};       ///< Recorded on the workers: "alice@login1".
};

/// Whether the runner reached the requested state. @param waited  The call waited for the runner to exit.
bool is_stopped(const remote::StopResult& result, bool waited);

/// Signals the runners of a fleet and waits until they exit. Requeues the jobs of killed runners, and ends the server
/// tunnel if no runner needs it any more. Restarts a dead tunnel first, so that the runners can send their results.
/// @throws base::ApiError
Outcomes<remote::StopResult> stop_fleet(client::Api& api, const Fleet& fleet, const StopOptions& options,
                                        const remote::SshOptions& ssh, const ServerAccess& server, Reporter& reporter,
                                        const std::stop_token& stop);

}  // namespace torc::app
