#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "torc/app/fleet/watch_snapshot.hpp"
#include "torc/app/progress.hpp"
#include "torc/app/tunnel/server_tunnel.hpp"
#include "torc/model/models.hpp"
#include "torc/remote/install.hpp"
#include "torc/remote/stop.hpp"
#include "torc/remote/tunnel.hpp"
#include "torc/remote/tunnel_link.hpp"
#include "torc/remote/worker.hpp"

// The progress events of operations, as data: this layer prints nothing.

namespace torc::app {

/// A message for the user; the operation continues.
struct Warning {
  std::string text{};
};

struct WorkersFound {
  model::Id workflow_id{0};
  std::size_t count{0};
};
/// ssh is about to connect to new workers.
struct WorkersBeingChecked {
  std::size_t count{0};
};
struct WorkersChecked {
  std::size_t passed{0};
  std::size_t total{0};
};
/// New workers that passed are about to be stored.
struct WorkersBeingAdded {
  std::size_t count{0};
};
/// The server has stored the new workers.
struct WorkersAdded {
  model::Id workflow_id{0};
  std::vector<std::string> addresses{};
};
struct WorkersBeingStarted {};

struct InstallBegun {
  std::size_t workers{0};
};
struct WorkerInstalled {
  remote::Worker worker{};
  remote::InstallResult result{};
};
struct InstallEnded {
  std::size_t good{0};
  std::size_t total{0};
};

struct StopBegun {
  remote::StopMode mode{};
};
struct WorkerSignaled {
  remote::Worker worker{};
  remote::StopResult result{};
  remote::StopMode mode{};
};
/// Waiting for the end of a signaled runner is over.
struct WorkerStopped {
  remote::Worker worker{};
  remote::StopResult result{};
};
/// Jobs of killed runners were requeued.
struct JobsOfKilledRequeued {
  std::int64_t count{0};
};
/// Jobs of runners that died were requeued.
struct JobsOfLostRequeued {
  std::int64_t count{0};
};

/// The tunnel is up for `up` of the workers.
struct TunnelUp {
  std::int64_t pid{0};
  std::size_t up{0};
  std::size_t workers{0};
};
/// A tunnel that died is about to be restarted.
struct TunnelBeingRevived {
  std::size_t workers{0};
};
/// Another command is starting the tunnel.
struct TunnelStartAwaited {
  std::string holder{};
};

/// The process that holds a tunnel is about to connect.
struct TunnelBegun {
  std::size_t workers{0};
  std::string target{};
};
struct ForwardChanged {
  remote::Forward forward{};
  std::string target{};
};
/// The server does not answer the process that holds a tunnel, or answers it again.
struct TunnelServerChanged {
  std::string text{};
};
struct TunnelEnded {
  std::string why{};
};

/// Logs are about to be fetched.
struct CollectBegun {
  std::size_t workers{0};
  std::string local_dir{};
  bool deletes{false};  ///< Directories are deleted after they were fetched.
};
/// Archives are being fetched from workers.
struct TransferProgress {
  std::int64_t archives{0};  ///< Complete archives.
  std::int64_t bytes{0};
};
/// No archive is being fetched any more.
struct TransferEnded {};

/// A run on this machine begins; `done_before` of the jobs are done already.
struct RunBegun {
  std::int64_t total{0};
  std::int64_t done_before{0};
};
struct RunProgress {
  std::int64_t done{0};  ///< Jobs done by this run, including failed ones.
  std::int64_t running{0};
  std::int64_t failed{0};
};
/// The user requested a stop; the running jobs are ended first.
struct RunStopping {};
struct RunEnded {};

/// While workers are watched: the server does not answer.
struct ServerAway {
  std::string reason{};
};
struct WorkerRestarted {
  remote::Worker worker{};
  std::int64_t pid{0};
  std::int64_t restarts{0};
  std::int64_t most{0};
  std::chrono::milliseconds pause{0};  ///< The next restart is at least this much later.
};
/// The worker could not be restarted; this is retried unless all restarts are used.
struct RestartFailed {
  remote::Worker worker{};
  std::string reason{};
};
/// The worker died and is not restarted.
struct WorkerGivenUp {
  remote::Worker worker{};
  std::string reason{};
};
/// The tunnel of watched workers has ended.
struct TunnelLost {
  remote::TunnelInfo info{};
};
struct TunnelRevived {
  TunnelUp tunnel{};
};
struct TunnelRevivalFailed {
  std::string reason{};
};

using Event = std::variant<Warning, WorkersFound, WorkersBeingChecked, WorkersChecked, WorkersBeingAdded, WorkersAdded,
                           WorkersBeingStarted, InstallBegun, WorkerInstalled, InstallEnded, StopBegun, WorkerSignaled,
                           WorkerStopped, JobsOfKilledRequeued, JobsOfLostRequeued, TunnelUp, TunnelBeingRevived,
                           TunnelStartAwaited, TunnelEnding, TunnelBegun, ForwardChanged, TunnelServerChanged,
                           TunnelEnded, CollectBegun, TransferProgress, TransferEnded, RunBegun, RunProgress,
                           RunStopping, RunEnded, WatchSnapshot, ServerAway, WorkerRestarted, RestartFailed,
                           WorkerGivenUp, TunnelLost, TunnelRevived, TunnelRevivalFailed>;

/// Receives progress events. The command line prints them (src/cli/print), tests record them.
///
/// Implementations must be thread-safe: any thread may call `report`.
class Reporter {
 public:
  virtual ~Reporter() = default;

  virtual void report(const Event& event) = 0;

  /// Whether TransferProgress and RunProgress are shown; if not, they need not be computed.
  virtual bool shows_progress() const { return false; }
};

}  // namespace torc::app
