#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "torc/model/worker_address.hpp"
#include "torc/proc/command.hpp"
#include "torc/remote/connect_pace.hpp"
#include "torc/remote/ssh_slots.hpp"

namespace torc::remote {

/// How ssh and scp are called: programs, and options in addition to those that are always passed.
struct SshOptions {
  std::string ssh_program{"ssh"};  ///< TORC_SSH
  std::string scp_program{"scp"};  ///< TORC_SCP
  /// "K=V" each, from --ssh-option; placed before our own, since ssh uses the first value of a key.
  std::vector<std::string> options{};
  std::chrono::milliseconds script_limit{60'000};    ///< For a whole script call, including the connection.
  std::chrono::milliseconds transfer_limit{60'000};  ///< For a transfer during which no byte moves.
  /// Maximum duration of a script that reports progress, or of a transfer, even if it progresses. For a transfer, the
  /// reported size divided by k_least_transfer_rate is added.
  std::chrono::milliseconds longest{std::chrono::hours(4)};
  std::chrono::milliseconds connect_delay{0};  ///< Minimum time between the starts of two connections.
  /// Spaces out connections; shared by all transports of a command. Never null.
  std::shared_ptr<ConnectPace> pace{std::make_shared<ConnectPace>()};
  /// Limits how many ssh and scp processes run at once; shared by all transports of a command. Never null.
  std::shared_ptr<SshSlots> slots{std::make_shared<SshSlots>(10)};
};

/// The argument list of an ssh call that runs `exec sh -s` on the worker; the script is passed over standard input. No
/// part of the worker address can be mistaken for an ssh option.
/// @throws base::Error for an address that WorkerAddress::parse rejects
std::vector<std::string> ssh_command(const SshOptions& options, const model::WorkerAddress& worker);

/// Where ssh would connect to for this worker's user and host: "HOST PORT" as reported by `ssh -G`, with the host in
/// the form of model::host_identity. Ignores the worker's own port. Returns std::nullopt if ssh does not report a
/// target.
std::optional<std::string> ssh_target(const SshOptions& options, const model::WorkerAddress& worker);

/// The argument list of an scp call that fetches `remote_path` (absolute) to `local_path`, over sftp.
/// @throws base::Error for an address that WorkerAddress::parse rejects
std::vector<std::string> scp_fetch_command(const SshOptions& options, const model::WorkerAddress& worker,
                                           const std::string& remote_path, const std::string& local_path);

/// The argument list of an scp call that sends `local_path` to `remote_path` (absolute), over sftp.
/// @throws base::Error for an address that WorkerAddress::parse rejects
std::vector<std::string> scp_send_command(const SshOptions& options, const model::WorkerAddress& worker,
                                          const std::string& local_path, const std::string& remote_path);

/// Output limit in bytes of scripts that print a short report.
inline constexpr std::size_t k_small_output = 1UL << 20U;
/// Output limit in bytes of scripts that print lists of files, or the output of jobs or commands.
inline constexpr std::size_t k_large_output = 64UL << 20U;
/// Bytes per second.
inline constexpr std::int64_t k_least_transfer_rate = 64LL << 10U;
/// A script reports progress with a line of this mark and a number.
inline constexpr const char* k_progress_mark = "#torc-progress";

/// A POSIX sh script to run on a worker.
struct ScriptCall {
  std::string script{};
  /// The script prints lines "#torc-progress N": the time limit restarts whenever N grows. The whole call is limited by
  /// SshOptions::longest.
  bool reports_progress{false};
  /// In bytes, for each stream; the connection to a worker that prints more is closed.
  std::size_t output_limit{k_small_output};
  bool cleans_up{false};  ///< Runs even after a stop request (with a short limit), because it deletes temporary files.

  /// A script with a dialogue prints a line equal to `question` and then reads an answer from its standard input.
  /// `answer` receives the output before the question, and may block until other workers have reached the same point.
  std::string question{};
  std::function<std::string(std::string_view)> answer{};
};

/// A cleanup script for a worker, whose result nothing waits for.
struct BackgroundCall {
  model::WorkerAddress worker{};
  std::string script{};
};

/// Runs scripts on workers, fetches files from them and sends files to them. `SshTransport` is the real implementation.
///
/// Thread-safe: the threads of a fan-out call the methods concurrently. Failures are values, so that a fan-out reports
/// every worker, including the unreachable ones.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Runs a script and waits for its end. With a dialogue, the result's output is what followed the question.
  virtual proc::CommandResult run(const model::WorkerAddress& worker, const ScriptCall& call) = 0;

  /// Copies a file from a worker to this machine; ends as `flooded` if more than `size` bytes arrive. After a failure,
  /// the partial file remains.
  virtual proc::CommandResult fetch(const model::WorkerAddress& worker, const std::string& remote_path,
                                    const std::string& local_path, std::int64_t size) = 0;

  /// Copies a file from this machine to a worker. After a failure, the partial file remains on the worker.
  virtual proc::CommandResult send(const model::WorkerAddress& worker, const std::string& local_path,
                                   const std::string& remote_path) = 0;

  /// Runs scripts after a stop request, 10 s each, without waiting for them: they continue after this program has
  /// ended. The default implementation runs them one after the other, and waits.
  /// @throws base::Error if they cannot be started
  virtual void run_in_background(const std::vector<BackgroundCall>& calls);

  /// How many calls can run at once; further calls wait.
  virtual std::size_t width() const = 0;

  /// Returns a transport to the same workers that reserves `count` (at most `width()`) concurrent calls for the caller:
  /// for calls that wait for each other, or that make another call in their dialogue. Waits until that many are free. A
  /// thread inside a call must make further calls through the same reservation only. This transport must outlive the
  /// returned one.
  virtual std::unique_ptr<Transport> reserve(std::size_t count);

  /// How long a call may have to wait for each call before it.
  virtual std::chrono::milliseconds connect_delay() const { return {}; }
};

/// Transport over OpenSSH's client.
///
/// A connection that an overloaded sshd closes before the login is retried a few times within the call's time limit,
/// with growing pauses; other failures are not retried. A call holds a slot of `SshOptions::slots` until it ends; the
/// wait for the slot does not count towards the time limit.
class SshTransport : public Transport {
 public:
  /// @param stop  When requested, running calls are ended and new ones are refused.
  SshTransport(SshOptions options, std::stop_token stop);

  proc::CommandResult run(const model::WorkerAddress& worker, const ScriptCall& call) override;
  proc::CommandResult fetch(const model::WorkerAddress& worker, const std::string& remote_path,
                            const std::string& local_path, std::int64_t size) override;
  proc::CommandResult send(const model::WorkerAddress& worker, const std::string& local_path,
                           const std::string& remote_path) override;
  void run_in_background(const std::vector<BackgroundCall>& calls) override;
  std::size_t width() const override { return m_options.slots->count(); }
  std::unique_ptr<Transport> reserve(std::size_t count) override;
  std::chrono::milliseconds connect_delay() const override { return m_options.connect_delay; }

 private:
  /// @param is_stopped_by  Ends the call, also while it waits for a slot.
  proc::CommandResult connect(proc::Command command, const std::stop_token& is_stopped_by);

  SshOptions m_options;
  std::stop_token m_stop;
  /// If this is a reservation: the slots of the original pool that `m_options.slots` represents.
  SshSlots::Lease m_reserved{};
  SshSlots::Lease m_background{};  ///< The slots of calls in the background.
};

/// Why a call failed, in one line for the user: ssh's own message if it could not connect ("ssh: connect to host ws2
/// port 22: No route to host", "Permission denied (publickey)"), else the script's last line, "timed out", or a signal.
std::string failure_reason(const proc::CommandResult& result);

}  // namespace torc::remote
