#pragma once

// Jobs: create, list, claim, start and complete them.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "torc/model/completions.hpp"
#include "torc/model/relationships.hpp"
#include "torc/store/records.hpp"

namespace torc::store {

/// Which of a job's ID lists are read.
enum class Relations { none, outputs, all };

/// Creates jobs of one workflow, in order.
/// @returns the jobs with ID, status and requirements
/// @throws Refused unprocessable for an ID that belongs to another workflow or to none
std::vector<model::Job> create_jobs(Connection& connection, Id workflow_id, std::vector<model::Job> jobs);

/// Reads a job with all its ID lists.
model::Job get_job(Connection& connection, Id id);

/// Restricts a listing to jobs with this status.
void filter_by_status(Filter& filter, model::JobStatus status);
/// Restricts a listing to jobs that this compute node has claimed or runs.
void filter_by_active_node(Filter& filter, Id compute_node_id);

model::Page<model::Job> list_jobs(Connection& connection, const Filter& filter, const Paging& paging,
                                  Relations relations);

std::vector<Id> job_ids(Connection& connection, Id workflow_id);

/// Changes the fields that are present.
/// @throws Refused unprocessable if the job's status does not allow it
model::Job update_job(Connection& connection, Id id, const model::Job& changes);

/// Deletes a job. Jobs that waited only for it become ready.
model::Job remove_job(Connection& connection, Id id);

struct Claim {
  Id workflow_id{0};
  std::int64_t limit{0};
  std::optional<Id> compute_node_id{};  ///< The compute node that claims.
  /// If set, the jobs start at once in this run, as if the compute node had called start_job for each; needs
  /// `compute_node_id`.
  std::optional<std::int64_t> start_run{};
};

/// Claims ready jobs, the highest priority first, then in the order of their IDs. They become pending (or running), and
/// no other runner gets them. Claims nothing if the workflow is canceled or the node is not active, because jobs given
/// to a node that has just left would never run.
/// @throws Refused unprocessable if the jobs are to start on a node of another workflow, or in another run
std::vector<model::Job> claim_next_jobs(Connection& connection, const Claim& claim);

/// Claims ready jobs in the same order, as long as they fit into `resources` together; jobs that do not fit are
/// skipped.
///
/// @param strict_scheduler  If false, jobs of other schedulers are claimed when no job of this scheduler fits.
std::vector<model::Job> claim_jobs_that_fit(Connection& connection, const Claim& claim,
                                            const model::ComputeNodesResources& resources, bool strict_scheduler);

/// Whether the same claim may get jobs later: some jobs have not ended, and the node is still active.
bool may_get_jobs_later(Connection& connection, const Claim& claim);

/// Starts a claimed job.
/// @throws Refused conflict if it is not claimed, or claimed by another node; unprocessable for another run
model::Job start_job(Connection& connection, Id id, std::int64_t run_id, Id compute_node_id);

/// Completes a job: records the result, and makes dependent jobs ready or cancels them.
///
/// @param status  The final status.
/// @throws Refused conflict for an old attempt or another node's job; unprocessable for another run or a job that has
/// already ended
model::Job complete_job(Connection& connection, Id id, model::JobStatus status, std::int64_t run_id,
                        model::Result result);

/// Completes many jobs of one workflow, each like `complete_job`. If one is refused, the others are still completed.
model::CompletedJobs complete_jobs(Connection& connection, Id workflow_id,
                                   const std::vector<model::JobCompletion>& completions);

/// Why a job is retried. Each reason has its own counter.
enum class RetryReason {
  failure,     ///< Not counted if `max_retries` is unlimited (2147483647 or more): then the job is only requeued.
  time_limit,  ///< The time limit of its runner passed.
};

/// Whether this attempt of the job has a result.
bool has_result(Connection& connection, Id job_id, std::int64_t run_id, std::int64_t attempt_id);

/// Makes the job ready for its next attempt.
/// @param attempt_id  If set, the attempt that the caller means; refused with conflict if it is no longer the current
/// one.
/// @throws Refused unprocessable if the job was already retried `max_retries` times for this reason, or if its status
/// does not allow it
model::Job retry_job(Connection& connection, Id id, std::int64_t run_id, std::int64_t max_retries,
                     RetryReason reason = RetryReason::failure, std::optional<std::int64_t> attempt_id = {});

/// Sets another status, which must not be final.
/// @throws Refused unprocessable
model::Job change_job_status(Connection& connection, Id id, model::JobStatus status, std::int64_t run_id);

model::Page<model::JobDependency> job_dependencies(Connection& connection, Id workflow_id, const Paging& paging);
model::Page<model::FileRelationship> file_relationships(Connection& connection, Id workflow_id, const Paging& paging);
model::Page<model::UserDataRelationship> user_data_relationships(Connection& connection, Id workflow_id,
                                                                 const Paging& paging);

/// Declares that a job reads (`consumer`) or writes (`producer`) this user data.
/// @throws Refused not_found for a job of another workflow
void link_user_data(Connection& connection, Id user_data_id, std::optional<Id> consumer, std::optional<Id> producer);

}  // namespace torc::store
