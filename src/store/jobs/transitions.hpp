#pragma once

// What a job's new state means for the jobs that wait for it. All in the caller's transaction, in time proportional to
// the jobs concerned.

#include "store/query.hpp"
#include "torc/store/records.hpp"

namespace torc::store {

bool has_unfinished_jobs(Connection& connection, Id workflow_id);

/// To be called when the job, whose state is set already, has become final: jobs that waited for nothing else become
/// ready; where it failed, those that want it so are canceled, and those that wait for them in turn.
void release_dependents(Connection& connection, Id job_id, model::JobStatus status);

/// To be called when a job was final and is no more: jobs that it made ready, and those its failure canceled, wait for
/// it again. Jobs that were claimed or have ended stay as they are.
void block_dependents(Connection& connection, Id job_id);

/// Sets a job's state and does the above where it applies.
void set_status(Connection& connection, Id job_id, model::JobStatus from, model::JobStatus to);

/// Counts anew how many blockers each blocked job of the workflow has.
void recount_blockers(Connection& connection, Id workflow_id);

}  // namespace torc::store
