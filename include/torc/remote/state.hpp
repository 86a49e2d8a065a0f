#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// What became of a worker.
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
  bool ending{false};            ///< It does not run, but its guardian still ends its jobs.
  std::optional<double> load{};  ///< Of its machine in the last minute, where the runner runs.
  /// Why it does not run: ssh's words where it is unreachable, who stopped it, the last line of its log.
  std::string message{};
};

/// Asks a worker for its state.
/// @param output_dir  Empty: wherever it was started. Else only a worker with this output directory counts.
WorkerState query_state(Transport& transport, const Worker& worker, const WorkflowRef& workflow,
                        const std::string& output_dir);

}  // namespace torc::remote
