#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// Start settings of one worker. In `StartSettings::of_worker`, an empty member means the setting for all workers.
struct WorkerStart {
  std::string torc{};  ///< Path of torc on the worker; empty: search for it.
  std::string output_dir{};
  std::vector<std::string> run_options{};
  std::vector<std::string> later_options{};                        ///< Options for a restart at a later time.
  std::string server_url{};                                        ///< The server's URL as the worker reaches it.
  std::vector<std::pair<std::string, std::string>> environment{};  ///< Variables for the runner and its jobs.
};

/// What `torc remote run` starts on each worker.
struct StartSettings {
  WorkflowRef workflow{};
  std::string version{};  ///< This program's version; the worker's torc must have the same.
  bool skip_version_check{false};
  std::string remote_torc{};                       ///< Path of torc on the workers; empty: search for it.
  std::map<std::string, WorkerStart> of_worker{};  ///< By `Worker::stored`.
  std::string output_dir{"torc_output"};           ///< A relative path is below the worker's home directory.
  std::vector<std::string> run_options{};          ///< Arguments added to `torc run W --output-dir O`, unquoted.
  /// The same for a restart at a later time; stored on the worker.
  std::vector<std::string> later_options{};
  /// Do not restart a worker after this time.
  std::optional<std::chrono::system_clock::time_point> ends_at{};
  /// Restart with the settings stored on the worker at the last start: path of torc, output directory, run options and
  /// environment. Only a worker that died is restarted.
  bool again{false};
  /// Variables for the runner, including secrets; sent over ssh's standard input only.
  std::vector<std::pair<std::string, std::string>> environment{};
  /// CA certificates for the server (PEM); empty: those that the worker trusts by default. Written to a file in the
  /// worker's state directory, which TORC_TLS_CA_CERT names.
  std::string ca_certificate{};
  std::chrono::seconds limit{60};  ///< Time for the worker's torc to answer.
  /// How long a start waits for another start of the same worker (less if `limit` is short) before it fails and names
  /// the other.
  std::chrono::milliseconds lock_timeout{5'000};
  std::chrono::milliseconds settle{2000};  ///< How long a torc without `worker-probe` must run to count as started.

  /// The complete settings of a worker.
  WorkerStart start_of(const Worker& worker) const;
};

/// The result of checking a worker before anything is started on it.
struct Check {
  enum class Problem {
    none,
    unreachable,
    install,
    version,
    server,
    output_dir,
    tunnel,
    canceled,
    not_restartable,  ///< With `StartSettings::again`: the worker did not die, or must not run any more.
  };

  Problem problem{Problem::unreachable};
  /// Describes the problem, if there is one; does not start with the worker's name.
  std::string message{};
  std::string torc{};                         ///< Absolute path of the worker's torc.
  bool has_probe{false};                      ///< Whether it is this project's torc, which reports when it is ready.
  std::optional<std::int64_t> running_pid{};  ///< PID of the runner if it already runs.

  bool ok() const { return problem == Problem::none; }
};

/// The outcome of starting a worker.
struct Start {
  bool ok{false};
  bool already_running{false};
  std::optional<std::int64_t> pid{};
  std::string message{};  ///< The reason if `ok` is false; may have several lines (the end of the worker's log).
};

struct StartResult {
  Check check{};
  bool tried{false};  ///< Whether a start was attempted.
  Start start{};
};

/// Decides which workers to start, given the checks of all: returns one element per worker, nonzero to start it. Called
/// once, from one of the fan-out's threads, while the others wait.
using Decide = std::function<std::vector<char>(const std::vector<Check>&)>;

/// Checks every worker, calls `decide`, and starts the workers that it selects. As many workers as the transport is
/// wide are checked and started over one connection, the others over two.
/// @throws what `decide` throws; then nothing was started
std::vector<StartResult> check_and_start(Transport& transport, const std::vector<Worker>& workers,
                                         const StartSettings& settings, const Decide& decide);

/// Checks whether ssh reaches each worker. @returns per worker, std::nullopt if it does, else the reason
std::vector<std::optional<std::string>> check_connectivity(Transport& transport, const std::vector<Worker>& workers);

}  // namespace torc::remote
