#pragma once

// What other changes have in common with start_job and complete_job.

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

/// A job ends with a result that is known to fit: notes it, lets go or cancels the jobs that wait for it, tells
/// listeners.
void end_job(Connection& connection, const model::Result& result);

}  // namespace torc::store
