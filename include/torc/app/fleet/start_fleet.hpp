#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/app/fleet/fleet.hpp"
#include "torc/app/fleet/install_torc.hpp"
#include "torc/app/server_access.hpp"
#include "torc/model/worker_file.hpp"
#include "torc/remote/start.hpp"
#include "torc/remote/tunnel_link.hpp"

namespace torc::app {

class Reporter;

/// The request of `torc remote run`.
struct StartRequest {
  model::Id workflow_id{0};
  std::vector<std::string> hosts{};               ///< Patterns of --host; empty: all workers.
  std::vector<model::WorkerEntry> new_workers{};  ///< From --workers.
  remote::StartSettings settings{};
  /// Applies a worker's own settings to its start.
  std::function<remote::WorkerStart(const model::WorkerSettings&)> start_of{};
  std::optional<InstallOptions> install{};  ///< Copy torc to workers without it first.
  bool keep_going{false};
  bool server_tunnel{false};  ///< The workers reach the server through ssh.
};

struct StartOutcome {
  enum class Refusal {
    none,
    interrupted,  ///< The user interrupted before anything was started.
    problems,     ///< Checks failed, see `workers`; nothing was started.
  };

  Outcomes<remote::StartResult> workers{};
  std::optional<remote::TunnelInfo> tunnel{};
  Refusal refusal{Refusal::none};

  std::size_t started() const;
};

/// Checks the workers, adds the new ones that are reachable, initializes the workflow if it is new, and starts the
/// runners: all of them, or with `keep_going` those whose checks passed.
/// @throws base::Error
StartOutcome start_fleet(client::Api& api, const StartRequest& request, const remote::SshOptions& ssh,
                         const ServerAccess& server, Reporter& reporter, const std::stop_token& stop);

}  // namespace torc::app
