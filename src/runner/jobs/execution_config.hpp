#pragma once

#include <chrono>
#include <cstdint>

#include "torc/model/job_output.hpp"
#include "torc/model/models.hpp"

namespace torc::runner {

using model::Stdio;
using model::StdioMode;

/// How jobs are started, limited and ended: a workflow's `execution_config` (docs/workflow-file.md).
struct ExecutionConfig {
  bool limit_resources{true};  ///< Whether jobs that exceed their memory or run time are ended.
  int termination_signal;      ///< Sent first to end a job; SIGKILL follows after `sigterm_lead`.
  std::chrono::seconds sigterm_lead{30};
  std::chrono::seconds sigkill_headroom{60};  ///< Time between SIGKILL and the runner's time limit.
  std::int64_t timeout_exit_code{152};
  std::int64_t oom_exit_code{137};
  bool staggered_start{true};
  /// Whether jobs and actions get the variables with which a torc that they call logs in.
  bool pass_credentials{false};
  model::StdioSettings stdio{};

  ExecutionConfig();
};

/// When a runner with a time limit ends its jobs.
struct LastMoments {
  std::chrono::milliseconds stop_after;  ///< Time from the runner's start to the termination signal.
  std::chrono::milliseconds lead;        ///< Time from the termination signal to SIGKILL.
};

/// Jobs get the termination signal `sigterm_lead` before SIGKILL. SIGKILL comes `sigkill_headroom` (or the workflow's
/// compute_node_expiration_buffer_seconds, if that is longer) before the time limit. Each of these times is at most a
/// tenth of the time limit.
LastMoments last_moments(const ExecutionConfig& config, const model::Workflow& workflow,
                         std::chrono::milliseconds time_limit);

/// Absent fields get their defaults. Unknown fields, which a newer client may have set, are ignored.
/// @throws base::Error that names the field
ExecutionConfig execution_config_of(const model::Workflow& workflow);

}  // namespace torc::runner
