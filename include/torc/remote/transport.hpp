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

/// How ssh and scp are called: programs and options beside those this project always gives.
struct SshOptions {
  std::string ssh_program{"ssh"};      ///< TORC_SSH
  std::string scp_program{"scp"};      ///< TORC_SCP
  std::vector<std::string> options{};  ///< "K=V" each, from --ssh-option; before ours, since ssh takes the first.
  std::chrono::milliseconds script_limit{60'000};    ///< A whole script call, connecting included.
  std::chrono::milliseconds transfer_limit{60'000};  ///< Without a byte moving.
  /// A script that reports progress, or a transfer, however it goes on. The size that a worker says comes on top, at
  /// k_least_transfer_rate.
  std::chrono::milliseconds longest{std::chrono::hours(4)};
  std::chrono::milliseconds connect_delay{0};  ///< At least so long between the starts of two connections.
  /// Keeps them apart; shared by all transports of a command. Never empty.
  std::shared_ptr<ConnectPace> pace{std::make_shared<ConnectPace>()};
  /// Limits how many ssh and scp processes run at once; shared likewise. Never empty.
  std::shared_ptr<SshSlots> slots{std::make_shared<SshSlots>(10)};
};

/// The argument list of one ssh call that runs `exec sh -s` on the worker; the script goes over standard input.
/// Nothing of the worker or the command can be taken for an option of ssh.
/// @throws base::Error for an address that WorkerAddress::parse refuses
std::vector<std::string> ssh_command(const SshOptions& options, const model::WorkerAddress& worker);

/// To what ssh would connect for this worker's user and host: "HOST PORT" as `ssh -G` says, the host in the form of
/// model::host_identity. The worker's own port is left aside. Nothing if ssh does not say.
std::optional<std::string> ssh_target(const SshOptions& options, const model::WorkerAddress& worker);

/// The argument list of one scp call that fetches `remote_path` (absolute) to `local_path`, over sftp.
/// @throws base::Error for an address that WorkerAddress::parse refuses
std::vector<std::string> scp_fetch_command(const SshOptions& options, const model::WorkerAddress& worker,
                                           const std::string& remote_path, const std::string& local_path);

/// The argument list of one scp call that sends `local_path` to `remote_path` (absolute), over sftp.
/// @throws base::Error for an address that WorkerAddress::parse refuses
std::vector<std::string> scp_send_command(const SshOptions& options, const model::WorkerAddress& worker,
                                          const std::string& local_path, const std::string& remote_path);

/// What a script prints besides a report with a list: some lines.
inline constexpr std::size_t k_small_output = 1UL << 20U;
/// Lists of files, output of jobs and commands.
inline constexpr std::size_t k_large_output = 64UL << 20U;
/// Bytes a second.
inline constexpr std::int64_t k_least_transfer_rate = 64LL << 10U;
/// With a number behind it, the line by which a script says that it goes on.
inline constexpr const char* k_progress_mark = "#torc-progress";

/// A POSIX sh script to run on a worker.
struct ScriptCall {
  std::string script{};
  /// It prints lines "#torc-progress N": the limit counts from the last one with a larger N than before. The call
  /// has SshOptions::longest.
  bool reports_progress{false};
  std::size_t output_limit{k_small_output};  ///< Of each stream; a worker that prints more is hung up on.
  bool cleans_up{false};  ///< Runs also after a stop, though not for long: without it something would be left.

  /// A script with a dialogue prints a line equal to `question` and then reads an answer from its standard input:
  /// `answer` gets what was printed before, and may block until other workers have come as far.
  std::string question{};
  std::function<std::string(std::string_view)> answer{};
};

/// A cleanup script for a worker, whose result is not awaited.
struct BackgroundCall {
  model::WorkerAddress worker{};
  std::string script{};
};

/// Runs scripts on workers, fetches files from them and sends files there. `SshTransport` is the real one.
///
/// Thread-safety: the methods are called by all fan-out threads at once. Results are values: a fan-out reports every
/// worker, the unreachable ones too.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Runs a script and waits for its end. With a dialogue, the result's output is what came after the question.
  virtual proc::CommandResult run(const model::WorkerAddress& worker, const ScriptCall& call) = 0;

  /// Copies a file of the worker to here; ends as `flooded` where more than `size` bytes come. What has come when it
  /// fails stays here.
  virtual proc::CommandResult fetch(const model::WorkerAddress& worker, const std::string& remote_path,
                                    const std::string& local_path, std::int64_t size) = 0;

  /// Copies a file from here to a worker. What was sent when a call fails stays there.
  virtual proc::CommandResult send(const model::WorkerAddress& worker, const std::string& local_path,
                                   const std::string& remote_path) = 0;

  /// Runs scripts after a stop request, 10 s each, without waiting for them: they continue when this program has ended.
  /// A transport that cannot do that runs them one after the other, and waits.
  /// @throws base::Error if that cannot be begun
  virtual void run_in_background(const std::vector<BackgroundCall>& calls);

  /// How many calls can run at once; further ones wait for their turn.
  virtual std::size_t width() const = 0;

  /// The same workers through `count` calls at once (at most `width()`) reserved for the caller: for calls that wait
  /// for each other, or that make another one in their dialogue. Waits until so many are free. While a thread is in a
  /// call, it makes others through the same reservation only. This transport must outlive what is returned.
  virtual std::unique_ptr<Transport> reserve(std::size_t count);

  /// How long a call may have to wait for each that came before it.
  virtual std::chrono::milliseconds connect_delay() const { return {}; }
};

/// Transport over OpenSSH's client.
///
/// A connection that sshd closes before the login, for want of room, is made again a few times within the call's limit,
/// with growing pauses; no other failure is tried again. A call holds a slot of `SshOptions::slots` until it ends; the
/// wait for it is not part of its limit.
class SshTransport : public Transport {
 public:
  /// @param stop  When requested, calls under way are ended and new ones are not begun.
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
  /// @param is_stopped_by  What ends it, and its waiting.
  proc::CommandResult connect(proc::Command command, const std::stop_token& is_stopped_by);

  SshOptions m_options;
  std::stop_token m_stop;
  SshSlots::Lease m_reserved{};    ///< The slots behind `m_options.slots`, if this is a reservation.
  SshSlots::Lease m_background{};  ///< Those of calls in the background.
};

/// Why a call failed, in one line for the user: ssh's own words where it could not connect ("ssh: connect to host ws2
/// port 22: No route to host", "Permission denied (publickey)"), else the script's last line, "timed out", a signal.
std::string failure_reason(const proc::CommandResult& result);

}  // namespace torc::remote
