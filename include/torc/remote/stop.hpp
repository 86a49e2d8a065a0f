#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

enum class StopMode {
  end,    ///< SIGTERM: the runner ends its jobs, requeues them and exits.
  drain,  ///< SIGUSR1: the runner claims no more jobs and exits when its jobs have finished.
  kill,   ///< SIGKILL to the runner and all its descendants.
};

/// "SIGTERM" and so on.
const char* signal_name(StopMode mode);

struct StopRequest {
  WorkflowRef workflow{};
  std::string output_dir{};  ///< If not empty, only a runner with this output directory counts.
  StopMode mode{StopMode::end};
  std::chrono::seconds timeout{0};  ///< How long to wait for the runners to end; zero: do not wait.
  std::string requested_by{};       ///< Recorded on the worker: "alice@login1"
};

/// The outcome for one worker.
struct StopResult {
  bool ok{false};                              ///< The runner was signaled, or there was none.
  std::optional<std::int64_t> signaled_pid{};  ///< Empty although `ok`: there was no runner to stop.
  bool was_started{false};                     ///< Whether a runner was ever started on the worker.
  /// The call was canceled: it is unknown whether there was a runner to stop.
  bool canceled{false};
  bool ended{false};  ///< The runner has ended. Only known after waiting for it.
  /// Number of unfinished jobs that the runner requeued, as it recorded at its end.
  std::optional<std::int64_t> requeued{};
  /// The reason if `ok` is false, or why it is unknown whether the runner ended.
  std::string message{};
};

/// Signals all runners, calls `on_signaled` once with the results, and waits for the runners to end. Needs one
/// connection per worker if the transport is wide enough for all workers; else the workers whose runners were signaled
/// need two.
std::vector<StopResult> stop_workers(Transport& transport, const std::vector<Worker>& workers,
                                     const StopRequest& request,
                                     const std::function<void(const std::vector<StopResult>&)>& on_signaled);

}  // namespace torc::remote
