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
  bool limit_resources{true};  ///< Jobs that exceed their memory or run time are ended.
  int termination_signal;      ///< Sent first to what is ended; SIGKILL follows after `sigterm_lead`.
  std::chrono::seconds sigterm_lead{30};
  std::chrono::seconds sigkill_headroom{60};  ///< Before the end of the runner's own time, jobs have ended.
  std::int64_t timeout_exit_code{152};
  std::int64_t oom_exit_code{137};
  bool staggered_start{true};
  bool pass_credentials{false};  ///< Jobs and actions get the variables by which a torc that they call logs in.
  model::StdioSettings stdio{};

  ExecutionConfig();
};

/// When a runner whose own time is limited ends what runs.
struct LastMoments {
  std::chrono::milliseconds stop_after;  ///< Jobs get the termination signal, counted from the runner's start,
  std::chrono::milliseconds lead;        ///< and so long after it SIGKILL.
};

/// Jobs get the termination signal `sigterm_lead` before SIGKILL, and that comes `sigkill_headroom` (or the workflow's
/// compute_node_expiration_buffer_seconds, if that is longer) before the runner's own time is over; of a short time
/// each takes no more than a tenth.
LastMoments last_moments(const ExecutionConfig& config, const model::Workflow& workflow,
                         std::chrono::milliseconds time_limit);

/// Absent fields have their defaults, unknown ones are passed over: a newer client may have put them there.
/// @throws base::Error that names the field
ExecutionConfig execution_config_of(const model::Workflow& workflow);

}  // namespace torc::runner
