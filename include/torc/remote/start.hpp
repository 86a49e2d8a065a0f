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

/// What holds for one worker; what is empty in `StartSettings::of_worker` is as for all.
struct WorkerStart {
  std::string torc{};  ///< Where it is; empty: looked for.
  std::string output_dir{};
  std::vector<std::string> run_options{};
  std::vector<std::string> later_options{};                        ///< Of a later start like this one.
  std::string server_url{};                                        ///< How the server is reached from there.
  std::vector<std::pair<std::string, std::string>> environment{};  ///< For the runner, and so for its jobs.
};

/// What `torc remote run` wants on each worker.
struct StartSettings {
  WorkflowRef workflow{};
  std::string version{};  ///< This program's; the worker's torc must have the same.
  bool skip_version_check{false};
  std::string remote_torc{};                       ///< Where torc is on the workers; empty: looked for.
  std::map<std::string, WorkerStart> of_worker{};  ///< By `Worker::stored`.
  std::string output_dir{"torc_output"};           ///< Relative: below the worker's home.
  std::vector<std::string> run_options{};          ///< For `torc run W --output-dir O`: words, quoted later.
  /// The same for a start like this one at a later time, which the worker keeps them for.
  std::vector<std::string> later_options{};
  /// After this time no such start is wanted.
  std::optional<std::chrono::system_clock::time_point> ends_at{};
  /// Start as at the last time: where torc is, output directory, run options and environment are those that the worker
  /// kept. Only a worker that died is started so.
  bool again{false};
  /// Variables for the runner, secrets among them: they travel over ssh's standard input only.
  std::vector<std::pair<std::string, std::string>> environment{};
  /// The certificates that the server is known by (PEM); empty: those that the worker trusts anyway. Written to a file
  /// of the worker's own, which TORC_TLS_CA_CERT names.
  std::string ca_certificate{};
  std::chrono::seconds limit{60};  ///< For the worker's torc to answer.
  /// A start waits so long for another one of the same worker, and less if `limit` is short; then it fails, and names it.
  std::chrono::milliseconds lock_patience{5'000};
  std::chrono::milliseconds settle{2000};  ///< How long a torc without the probe must live to count as started.

  /// What holds for a worker, nothing left open.
  WorkerStart start_of(const Worker& worker) const;
};

/// What was found on a worker before anything starts there.
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
    not_restartable,  ///< With `StartSettings::again`: it did not die, or is not to run any more.
  };

  Problem problem{Problem::unreachable};
  std::string message{};                      ///< Why, where there is a problem; without the worker's name in front.
  std::string torc{};                         ///< Absolute path of the worker's torc.
  bool has_probe{false};                      ///< Whether it is this project's torc, which tells when it is ready.
  std::optional<std::int64_t> running_pid{};  ///< The worker already runs.

  bool ok() const { return problem == Problem::none; }
};

/// How the start on a worker went.
struct Start {
  bool ok{false};
  bool already_running{false};
  std::optional<std::int64_t> pid{};
  std::string message{};  ///< Why not; may have several lines (the end of the worker's log).
};

struct StartResult {
  Check check{};
  bool tried{false};  ///< Whether it was told to start.
  Start start{};
};

/// Which workers are to start, given what was found on all of them: one element for each. Called once, from one of the
/// fan-out's threads, while the others wait.
using Decide = std::function<std::vector<char>(const std::vector<Check>&)>;

/// Checks every worker, asks `decide`, starts those it names. As many workers as the transport is wide are checked and
/// started over one connection, further ones over two.
/// @throws what `decide` throws; nothing was started then
std::vector<StartResult> check_and_start(Transport& transport, const std::vector<Worker>& workers,
                                         const StartSettings& settings, const Decide& decide);

/// Whether ssh reaches each worker: nothing, or why not.
std::vector<std::optional<std::string>> check_connectivity(Transport& transport, const std::vector<Worker>& workers);

}  // namespace torc::remote
