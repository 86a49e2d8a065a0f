#pragma once

// What a claim that starts its jobs and start_job have in common.

#include <cstdint>

#include "torc/store/jobs.hpp"

namespace torc::store {

/// @throws Refused unprocessable where the workflow is at another run
void require_run(std::int64_t run_id, std::int64_t current_run_id);

/// @throws Refused unprocessable for a compute node of another workflow, or none
void require_node_of(Connection& connection, Id workflow_id, Id compute_node_id);

/// The job, whose workflow, run and claimer are known to fit, runs from now on.
void mark_running(Connection& connection, Id job_id, Id compute_node_id);

/// Tells listeners.
void tell_started(Connection& connection, const model::Job& job, std::int64_t run_id, Id compute_node_id);

}  // namespace torc::store
