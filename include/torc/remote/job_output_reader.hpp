#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "torc/proc/spawn.hpp"
#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// The job output to read.
struct JobOutputRequest {
  WorkflowRef workflow{};
  /// Output directory on the worker; empty: the one with which the runner was started, else "torc_output".
  std::string output_dir{};
  std::string stem{};  ///< model::stdio_stem of the job's files.
};

struct JobOutput {
  bool found{false};
  std::string out{};      ///< Standard output, or both streams if they are in one file.
  std::string err{};      ///< Standard error.
  std::string message{};  ///< The reason if `found` is false.
};

/// Reads the output that a job has written so far from the worker that runs or ran the job.
JobOutput read_job_output(Transport& transport, const Worker& worker, const JobOutputRequest& request);

/// Follows the output of a job on a worker, over a separate ssh connection that is closed when this object is
/// destroyed.
class FollowedOutput {
 public:
  /// Receives the bytes as they arrive. `is_error` is true for standard error, which includes ssh's own messages.
  using Sink = std::function<void(bool is_error, std::string_view bytes)>;

  /// @throws base::SystemError if this machine cannot start ssh
  FollowedOutput(const SshOptions& options, const Worker& worker, const JobOutputRequest& request, Sink sink);

  /// Passes the bytes that have arrived since the last call to the sink, without waiting. Passes a few megabytes at
  /// most, so that a worker that floods the connection does not occupy the caller.
  /// @returns whether more bytes may arrive
  bool pass_on();
  /// Receives the rest of the output, for a few seconds at most, and ends the connection.
  void finish();

 private:
  std::shared_ptr<SshSlots> m_slots;
  SshSlots::Lease m_slot;  ///< Held while ssh may run.
  base::Fd m_input;        ///< Standard input of the script, which ends when this is closed.
  base::Fd m_out;
  base::Fd m_err;
  proc::Child m_ssh;
  Sink m_sink;
};

}  // namespace torc::remote
