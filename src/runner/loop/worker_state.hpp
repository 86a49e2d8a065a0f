#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "torc/base/fd.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner {

/// The state directory of a worker during the life of its runner: holds the lock that keeps a second runner out, and
/// records how the runner ended. See docs/worker.md.
class WorkerState {
 public:
  /// Creates the directory if it does not exist, takes the lock, and records this process as the runner, since the
  /// process that the script started is the guardian.
  /// @throws Error "... already running" that names the holder, if another runner still holds the lock after
  ///         WorkerIdentity::lock_timeout
  explicit WorkerState(const WorkerIdentity& identity);

  /// Records an orderly end. A write error is only logged, because the end itself matters more.
  /// @param reason  finished, canceled, stopped or failed
  void record_end(const std::string& reason, int exit_status, std::int64_t requeued) const;

  /// Reports to the process that started this runner that it is registered, and closes the descriptor.
  void report_ready();

 private:
  void record_process() const;

  std::filesystem::path m_directory;
  base::Fd m_ready;
  base::Fd m_lock;
};

/// The `scheduler` field of a worker's compute node: the worker, and what distinguishes its process from later ones
/// with the same pid.
nlohmann::json worker_scheduler(const WorkerIdentity& identity);

}  // namespace torc::runner
