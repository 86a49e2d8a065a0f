#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "torc/proc/spawn.hpp"
#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// Which output of which job.
struct JobOutputRequest {
  WorkflowRef workflow{};
  std::string output_dir{};  ///< On the worker; empty: where it was started, else "torc_output".
  std::string stem{};        ///< model::stdio_stem of its files.
};

struct JobOutput {
  bool found{false};
  std::string out{};      ///< Standard output, or both where they are in one file.
  std::string err{};      ///< Standard error.
  std::string message{};  ///< Why it was not `found`.
};

/// Reads what a job has written so far from the worker that ran it.
JobOutput read_job_output(Transport& transport, const Worker& worker, const JobOutputRequest& request);

/// Follows what a job on a worker writes, over a connection of its own that ends with this object.
class FollowedOutput {
 public:
  /// Takes the bytes as they come: those of standard error, among them ssh's own words, with `is_error`.
  using Sink = std::function<void(bool is_error, std::string_view bytes)>;

  /// @throws base::SystemError if this machine cannot start ssh
  FollowedOutput(const SshOptions& options, const Worker& worker, const JobOutputRequest& request, Sink sink);

  /// Gives the sink what has come since the last call; does not wait. At most some megabytes, so that a worker that
  /// floods the connection does not keep the caller.
  /// @returns whether there may be more to come
  bool pass_on();
  /// Lets the worker send what is there, for some seconds at most, and ends the connection.
  void finish();

 private:
  std::shared_ptr<SshSlots> m_slots;
  SshSlots::Lease m_slot;  ///< As long as ssh may run.
  base::Fd m_input;        ///< Of the script: it ends when this is closed.
  base::Fd m_out;
  base::Fd m_err;
  proc::Child m_ssh;
  Sink m_sink;
};

}  // namespace torc::remote
