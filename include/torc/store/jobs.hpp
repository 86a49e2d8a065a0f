#pragma once

// Jobs: made, listed, claimed, started, completed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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

/// Gives out ready jobs, those of the highest priority first, then in the order of their ids. They are pending then (or
/// running), and given to nobody else. None where the workflow is canceled, and none for a node that is not active any
/// more: what a claim that was under way gets when its node leaves, nobody would run.
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

/// One of many jobs that end together.
struct Completion {
  static constexpr bool k_model = true;

  Id job_id{0};
  model::JobStatus status{model::JobStatus::completed};
  std::int64_t run_id{0};
  model::Result result;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("job_id", self.job_id);
    visitor("status", self.status);
    visitor("run_id", self.run_id);
    visitor("result", self.result);
  }
};

/// Why a job of many did not end.
struct CompletionError {
  static constexpr bool k_model = true;

  Id job_id{0};
  std::string message;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("job_id", self.job_id);
    visitor("message", self.message);
  }
};

struct Completed {
  static constexpr bool k_model = true;

  std::vector<Id> completed;
  std::vector<CompletionError> errors;

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("completed", self.completed);
    visitor("errors", self.errors);
  }
};

/// Ends many jobs of one workflow, each as `complete_job` does. One that is refused does not stand in the others' way.
Completed complete_jobs(Connection& connection, Id workflow_id, const std::vector<Completion>& completions);

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

struct Dependency {
  static constexpr bool k_model = true;

  Id job_id{0};
  std::string job_name;
  Id depends_on_job_id{0};
  std::string depends_on_job_name;
  Id workflow_id{0};

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("job_id", self.job_id);
    visitor("job_name", self.job_name);
    visitor("depends_on_job_id", self.depends_on_job_id);
    visitor("depends_on_job_name", self.depends_on_job_name);
    visitor("workflow_id", self.workflow_id);
  }
};

/// Who writes a file and who reads it.
struct FileRelationship {
  static constexpr bool k_model = true;

  Id file_id{0};
  std::string file_name;
  std::string file_path;
  std::optional<Id> producer_job_id;
  std::optional<std::string> producer_job_name;
  std::optional<Id> consumer_job_id;
  std::optional<std::string> consumer_job_name;
  Id workflow_id{0};

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("file_id", self.file_id);
    visitor("file_name", self.file_name);
    visitor("file_path", self.file_path);
    visitor("producer_job_id", self.producer_job_id);
    visitor("producer_job_name", self.producer_job_name);
    visitor("consumer_job_id", self.consumer_job_id);
    visitor("consumer_job_name", self.consumer_job_name);
    visitor("workflow_id", self.workflow_id);
  }
};

struct UserDataRelationship {
  static constexpr bool k_model = true;

  Id user_data_id{0};
  std::string user_data_name;
  std::optional<Id> producer_job_id;
  std::optional<std::string> producer_job_name;
  std::optional<Id> consumer_job_id;
  std::optional<std::string> consumer_job_name;
  Id workflow_id{0};

  template <typename Self, typename Visitor>
  static void visit(Self& self, Visitor&& visitor) {
    visitor("user_data_id", self.user_data_id);
    visitor("user_data_name", self.user_data_name);
    visitor("producer_job_id", self.producer_job_id);
    visitor("producer_job_name", self.producer_job_name);
    visitor("consumer_job_id", self.consumer_job_id);
    visitor("consumer_job_name", self.consumer_job_name);
    visitor("workflow_id", self.workflow_id);
  }
};

model::Page<Dependency> job_dependencies(Connection& connection, Id workflow_id, const Paging& paging);
model::Page<FileRelationship> file_relationships(Connection& connection, Id workflow_id, const Paging& paging);
model::Page<UserDataRelationship> user_data_relationships(Connection& connection, Id workflow_id, const Paging& paging);

/// A job reads or writes this user data.
/// @throws Refused not_found for a job that is none of the same workflow
void link_user_data(Connection& connection, Id user_data_id, std::optional<Id> consumer, std::optional<Id> producer);

}  // namespace torc::store
