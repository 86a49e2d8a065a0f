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
  std::chrono::seconds patience{0};  ///< How long to wait for the ends; zero: not at all.
  std::string output_dir{};          ///< Only workers with this output directory; empty: wherever they were started.
  std::string requested_by{};        ///< Noted on the workers: "alice@login1"
};

/// Whether a worker is as it was asked for. @param waited  For its end.
bool is_stopped(const remote::StopResult& result, bool waited);

/// Signals the workers of a fleet and waits for their ends. Jobs of those that were killed become ready again, and the
/// server tunnel ends if nobody needs it any more. A tunnel that died is held again before, so that the runners can hand
/// in what they have.
/// @throws base::ApiError
Outcomes<remote::StopResult> stop_fleet(client::Api& api, const Fleet& fleet, const StopOptions& options,
                                        const remote::SshOptions& ssh, const ServerAccess& server, Reporter& reporter,
                                        const std::stop_token& stop);

}  // namespace torc::app
