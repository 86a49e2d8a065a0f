#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/install_torc.hpp"
#include "cli/remote_support.hpp"
#include "cli/server_tunnel.hpp"
#include "torc/remote/start.hpp"

namespace torc::cli {

/// What `torc remote run` was asked for.
struct RemoteRun {
  model::Id workflow_id{0};
  std::vector<model::WorkerEntry> new_workers{};  ///< From --workers.
  remote::StartSettings settings{};
  /// What a worker's own settings mean for its start.
  std::function<remote::WorkerStart(const model::WorkerSettings&)> start_of{};
  std::optional<InstallRequest> install{};  ///< Copy torc first where it is missing.
  bool keep_going{false};
  bool server_tunnel{false};  ///< The workers reach the server through ssh.
  SshSettings ssh{};
};

/// How it went; one slot for each worker.
struct RemoteRunResult {
  std::vector<remote::Worker> workers{};
  std::vector<remote::StartResult> results{};
  std::optional<remote::TunnelNote> tunnel{};
  std::string error{};  ///< Why nothing was started, where that is so.

  std::size_t started() const;
};

/// Checks the workers, adds the new ones that are reachable, initialises the workflow if it is new, and starts the
/// runners: all, or with `keep_going` those that can be. Prints the lines that tell of its steps.
RemoteRunResult run_remotely(const RemoteRun& run, Services& services);

/// "http://h:8080" of "http://user:word@h:8080/torc-service/v1"
std::string server_address(const std::string& url);

}  // namespace torc::cli
