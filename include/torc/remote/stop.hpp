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
  end,    ///< SIGTERM: the runner ends its jobs, gives them back and leaves.
  drain,  ///< SIGUSR1: the runner lets its jobs finish and takes no more.
  kill,   ///< SIGKILL to the runner and everything below it.
};

/// "SIGTERM" and so on.
const char* signal_name(StopMode mode);

struct StopRequest {
  WorkflowRef workflow{};
  std::string output_dir{};  ///< Empty: wherever it was started. Else only a worker with this output directory counts.
  StopMode mode{StopMode::end};
  std::chrono::seconds patience{0};  ///< How long to wait for the ends; zero: not at all.
  std::string requested_by{};        ///< Noted on the worker: "alice@login1"
};

/// What became of one worker.
struct StopResult {
  bool ok{false};                              ///< It was signaled, or there was nothing to signal.
  std::optional<std::int64_t> signaled_pid{};  ///< Nothing, though `ok`: there was nothing to stop.
  bool was_started{false};                     ///< Whether there ever was a worker.
  bool canceled{false};                        ///< It is not known whether there was a runner to stop.
  bool ended{false};                           ///< It is gone. Only known where its end was waited for.
  std::optional<std::int64_t> requeued{};      ///< So many unfinished jobs, as it noted at its end.
  std::string message{};                       ///< Why not `ok`, or why it is not known whether it ended.
};

/// Signals all workers, calls `on_signaled` once with how that went, and waits for the ends. If the transport is wide
/// enough for all workers, each needs one connection, else those with something to wait for need two.
std::vector<StopResult> stop_workers(Transport& transport, const std::vector<Worker>& workers,
                                     const StopRequest& request,
                                     const std::function<void(const std::vector<StopResult>&)>& on_signaled);

}  // namespace torc::remote
