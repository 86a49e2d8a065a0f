#pragma once

// Jobs: made, listed, claimed, started, completed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "torc/model/completions.hpp"
#include "torc/model/relationships.hpp"
#include "torc/store/records.hpp"

namespace torc::store {

/// Which of a job's lists of ids are filled in.
enum class Relations { none, outputs, all };

/// Makes jobs of one workflow, in order.
/// @returns them with id, status and requirements
/// @throws Refused unprocessable for an id that is none of this workflow's
std::vector<model::Job> create_jobs(Connection& connection, Id workflow_id, std::vector<model::Job> jobs);

/// With all relations.
model::Job get_job(Connection& connection, Id id);

/// Adds to a filter of jobs that they have this status.
void filter_by_status(Filter& filter, model::JobStatus status);
/// That they run on this compute node, or are to.
void filter_by_active_node(Filter& filter, Id compute_node_id);

model::Page<model::Job> list_jobs(Connection& connection, const Filter& filter, const Paging& paging,
                                  Relations relations);

std::vector<Id> job_ids(Connection& connection, Id workflow_id);

/// Changes the fields that are present.
/// @throws Refused unprocessable where the job's state does not allow it
model::Job update_job(Connection& connection, Id id, const model::Job& changes);

/// Deletes; jobs that waited for it alone become ready.
model::Job remove_job(Connection& connection, Id id);

struct Claim {
  Id workflow_id{0};
  std::int64_t limit{0};
  std::optional<Id> compute_node_id{};  ///< Who claims.
  /// The jobs run at once, in this run, as if the claimer had called start_job for each; needs `compute_node_id`.
  std::optional<std::int64_t> start_run{};
};

/// Claims ready jobs, the highest priority first, then in the order of their IDs. They become pending (or running), and
/// no other runner gets them. Claims nothing if the workflow is canceled or the node is not active, because jobs given
/// to a node that has just left would never run.
/// @throws Refused unprocessable for jobs to start by no node of the workflow or in another run
std::vector<model::Job> claim_next_jobs(Connection& connection, const Claim& claim);

/// As many of the ready jobs as fit into `resources` together, in the same order; what does not fit is passed over.
///
/// @param strict_scheduler  Take jobs of another scheduler in no case; else only where there is nothing else.
std::vector<model::Job> claim_jobs_that_fit(Connection& connection, const Claim& claim,
                                            const model::ComputeNodesResources& resources, bool strict_scheduler);

/// Whether the same claim may get something later: there are jobs that have not ended, and the node is still active.
bool may_get_jobs_later(Connection& connection, const Claim& claim);

/// A claimed job runs.
/// @throws Refused conflict where it is not claimed, or by another node; unprocessable for another run
model::Job start_job(Connection& connection, Id id, std::int64_t run_id, Id compute_node_id);

/// A job ends: notes the result, lets go or cancels the jobs that wait for it.
///
/// @param status  The state it ends in.
/// @throws Refused conflict for an old attempt or another node's job; unprocessable for another run or a job that has
///         ended already
model::Job complete_job(Connection& connection, Id id, model::JobStatus status, std::int64_t run_id,
                        model::Result result);

/// Ends many jobs of one workflow, each as `complete_job` does. One that is refused does not stand in the others' way.
model::CompletedJobs complete_jobs(Connection& connection, Id workflow_id,
                                   const std::vector<model::JobCompletion>& completions);

/// Why a job runs again. Each is counted apart.
enum class RetryReason {
  failure,     ///< Not counted where `max_retries` is unlimited (2147483647 and more): the job is given back.
  time_limit,  ///< Its runner's time was over.
};

/// Whether there is a result of this attempt of the job.
bool has_result(Connection& connection, Id job_id, std::int64_t run_id, std::int64_t attempt_id);

/// The job runs again, as its next attempt.
/// @param attempt_id  Given: the attempt that is meant. It is refused with conflict where it is no longer current.
/// @throws Refused unprocessable where it was retried `max_retries` times for this reason, or its state does not allow
/// it
model::Job retry_job(Connection& connection, Id id, std::int64_t run_id, std::int64_t max_retries,
                     RetryReason reason = RetryReason::failure, std::optional<std::int64_t> attempt_id = {});

/// Puts a job into another state that is no way to end.
/// @throws Refused unprocessable
model::Job change_job_status(Connection& connection, Id id, model::JobStatus status, std::int64_t run_id);

model::Page<model::JobDependency> job_dependencies(Connection& connection, Id workflow_id, const Paging& paging);
model::Page<model::FileRelationship> file_relationships(Connection& connection, Id workflow_id, const Paging& paging);
model::Page<model::UserDataRelationship> user_data_relationships(Connection& connection, Id workflow_id,
                                                                 const Paging& paging);

/// A job reads or writes this user data.
/// @throws Refused not_found for a job that is none of the same workflow
void link_user_data(Connection& connection, Id user_data_id, std::optional<Id> consumer, std::optional<Id> producer);

}  // namespace torc::store
