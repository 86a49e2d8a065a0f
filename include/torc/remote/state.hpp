#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// State of a worker's runner.
enum class State {
  running,
  never_started,
  finished,
  stopped,
  died,
  unreachable,
  not_queried,  ///< The call was canceled.
};

const char* to_string(State state);

struct WorkerState {
  State state{State::unreachable};
  std::optional<std::int64_t> pid{};
  bool ending{false};            ///< The runner has ended, but its guardian is still ending its jobs.
  std::optional<double> load{};  ///< The machine's load average of the last minute, if the runner runs.
  /// Why the runner does not run: ssh's message if the worker is unreachable, who stopped it, or the last line of its
  /// log.
  std::string message{};
};

/// Queries a worker's state.
/// @param output_dir  If not empty, only a runner with this output directory counts.
WorkerState query_state(Transport& transport, const Worker& worker, const WorkflowRef& workflow,
                        const std::string& output_dir);

}  // namespace torc::remote
