#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "torc/base/fd.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner {

/// A worker's state directory while its runner lives: the lock that keeps a second runner out, the note on how it
/// ended. See docs/worker.md.
class WorkerState {
 public:
  /// Makes the directory if it is missing, takes the lock, and notes this process as the worker: what was started is
  /// its guardian.
  /// @throws Error "... already running" that names the holder, if another runner still holds the lock after
  ///         WorkerIdentity::lock_patience
  explicit WorkerState(const WorkerIdentity& identity);

  /// Notes an orderly end. A failure to write is only logged: the end itself matters more.
  /// @param reason  finished, canceled, stopped or failed
  void record_end(const std::string& reason, int exit_status, std::int64_t requeued) const;

  /// Tells whoever started this runner that it is registered, and closes the descriptor.
  void report_ready();

 private:
  void record_process() const;

  std::filesystem::path m_directory;
  base::Fd m_ready;
  base::Fd m_lock;
};

/// The `scheduler` field of a worker's compute node: which worker it is, and what tells its process from a later one.
nlohmann::json worker_scheduler(const WorkerIdentity& identity);

}  // namespace torc::runner
