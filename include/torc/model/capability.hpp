#pragma once

#include <array>

namespace torc::model {

/// Additions of this project to the interface of torc 0.23. A server announces them in its response to /version;
/// clients use an addition only if it is announced.
enum class Capability {
  batch_complete_jobs,
  claim_compute_node_id,
  claim_start,
  claim_wait,
  events_stream,
  heartbeat,
  initialize_next_run,
  retry_attempt,
  retry_reason,
  summary,
  worker_settings,
};

/// The capabilities of this version, in the order in which the server announces them.
inline constexpr std::array k_capabilities{Capability::batch_complete_jobs, Capability::claim_compute_node_id,
                                           Capability::claim_start,         Capability::claim_wait,
                                           Capability::events_stream,       Capability::heartbeat,
                                           Capability::initialize_next_run, Capability::retry_attempt,
                                           Capability::retry_reason,        Capability::summary,
                                           Capability::worker_settings};

constexpr const char* to_string(Capability capability) {
  switch (capability) {
    case Capability::batch_complete_jobs:
      return "batch_complete_jobs";
    case Capability::claim_compute_node_id:
      return "claim_compute_node_id";
    case Capability::claim_start:
      return "claim_start";
    case Capability::claim_wait:
      return "claim_wait";
    case Capability::events_stream:
      return "events_stream";
    case Capability::heartbeat:
      return "heartbeat";
    case Capability::initialize_next_run:
      return "initialize_next_run";
    case Capability::retry_attempt:
      return "retry_attempt";
    case Capability::retry_reason:
      return "retry_reason";
    case Capability::summary:
      return "summary";
    case Capability::worker_settings:
      return "worker_settings";
  }
  return "unknown";
}

}  // namespace torc::model
