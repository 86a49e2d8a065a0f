#pragma once

#include <stop_token>
#include <string>

#include "torc/proc/spawn.hpp"
#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// Which output of which job.
struct JobOutputRequest {
  WorkflowRef workflow{};
  std::string output_dir{};  ///< On the worker; empty: where it was started, else "torc_output".
  std::string stem{};        ///< Of the files in job_stdio: "job_wf1_j2_r1_a1".
};

struct JobOutput {
  bool found{false};
  std::string out{};      ///< Standard output, or both where they are in one file.
  std::string err{};      ///< Standard error.
  std::string message{};  ///< Why it was not `found`.
};

/// Reads what a job has written so far from the worker that ran it.
JobOutput read_job_output(Transport& transport, const Worker& worker, const JobOutputRequest& request);

/// Prints what a job has written and what it goes on to write, as long as this object lives.
class FollowedOutput {
 public:
  /// An ssh of its own that writes to this program's standard output and error. @throws base::SystemError
  FollowedOutput(const SshOptions& options, const Worker& worker, const JobOutputRequest& request);

  /// Whether the connection still stands.
  bool stands() { return m_ssh.running() && !m_ssh.try_wait(); }
  /// Lets it print what is there, and ends it.
  void finish();

 private:
  base::Fd m_input;  ///< Of the script: it ends when this is closed.
  proc::Child m_ssh;
};

}  // namespace torc::remote
