#pragma once

// Effects of a job's new status on its dependents. All functions run in the caller's transaction and take time
// proportional to the number of affected jobs.

#include "store/query.hpp"
#include "torc/store/records.hpp"

namespace torc::store {

bool has_unfinished_jobs(Connection& connection, Id workflow_id);

/// Call this when a job has got a final status. Jobs that waited only for it become ready. If it failed, dependents
/// with cancel_on_blocking_job_failure are canceled, and so are their dependents in turn.
void release_dependents(Connection& connection, Id job_id, model::JobStatus status);

/// Call this when a job is no longer final. Jobs that became ready or canceled because of it are blocked again. Jobs
/// that were claimed or have ended do not change.
void block_dependents(Connection& connection, Id job_id);

/// Sets a job's status and applies these effects.
void set_status(Connection& connection, Id job_id, model::JobStatus from, model::JobStatus to);

/// Recomputes the number of blockers of each blocked job of the workflow.
void recount_blockers(Connection& connection, Id workflow_id);

}  // namespace torc::store
