#pragma once

// Parts of start_job and complete_job that other changes share.

#include <cstdint>

#include "torc/store/jobs.hpp"

namespace torc::store {

/// @throws Refused unprocessable if the workflow's current run is another one
void require_run(std::int64_t run_id, std::int64_t current_run_id);

/// @throws Refused unprocessable for a compute node of another workflow, or an unknown one
void require_node_of(Connection& connection, Id workflow_id, Id compute_node_id);

/// Marks the job as running. The caller has checked workflow, run and claim.
void mark_running(Connection& connection, Id job_id, Id compute_node_id);

/// Notifies the listeners.
void notify_started(Connection& connection, const model::Job& job, std::int64_t run_id, Id compute_node_id);

/// Ends a job with a result that the caller has checked: records it, makes dependents ready or cancels them, and
/// notifies the listeners.
void end_job(Connection& connection, const model::Result& result);

}  // namespace torc::store
