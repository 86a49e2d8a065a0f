#pragma once

// A workflow's life: made, initialised, reset, canceled, complete.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "torc/store/records.hpp"

namespace torc::store {

/// Makes the workflow and its requirements named "default".
/// @returns `workflow` with id, timestamp and status id
model::Workflow create_workflow(Connection& connection, model::Workflow workflow);

/// @throws Refused not_found
model::WorkflowStatus workflow_status(Connection& connection, Id workflow_id);

/// Changes the fields that are present.
/// @throws Refused not_found
void update_workflow_status(Connection& connection, Id workflow_id, const model::WorkflowStatus& status);

model::Completion workflow_completion(Connection& connection, Id workflow_id);

/// Whether some job is ready to be claimed.
bool has_ready_jobs(Connection& connection, Id workflow_id);

/// Whether none of its jobs has left the state it was made in.
bool is_uninitialized(Connection& connection, Id workflow_id);

struct InitializeOptions {
  bool only_uninitialized{false};  ///< Leave the jobs alone that are ready or blocked already.
  bool clear_ephemeral_user_data{false};
  bool next_run{false};          ///< Raise the run id, and take a cancel back.
  bool if_uninitialized{false};  ///< Change nothing unless `is_uninitialized`.
};

/// Finds out which jobs follow from files and user data, and makes every job ready or blocked that is neither done nor
/// at work.
/// @returns whether it did; false only for `if_uninitialized`
bool initialize_jobs(Connection& connection, Id workflow_id, InitializeOptions options);

/// No new claims; jobs at work count as canceled.
void cancel_workflow(Connection& connection, Id workflow_id);

/// Takes a cancel back.
/// @throws Refused unprocessable while jobs are at work, unless `force`
void reset_workflow_status(Connection& connection, Id workflow_id, bool force);

/// Makes jobs uninitialized: all of them; or, with `failed_only`, the jobs that failed, were canceled or terminated,
/// and every job that depends on one of these directly or indirectly, whatever its status, except disabled jobs (torc
/// 0.23 also resets dependents that are completed).
/// @returns how many jobs it changed
std::int64_t reset_job_status(Connection& connection, Id workflow_id, bool failed_only);

/// Makes those jobs uninitialized that have ended and whose input files or user data have changed since they started,
/// and all that wait for them.
///
/// @param dry_run  Change nothing.
/// @returns the names of those that had ended
std::vector<std::string> process_changed_inputs(Connection& connection, Id workflow_id, bool dry_run);

/// Ids of files that some job reads, no job writes.
std::vector<Id> required_existing_files(Connection& connection, Id workflow_id);

/// Ids of user data without a value that some job reads, no job writes.
std::vector<Id> missing_user_data(Connection& connection, Id workflow_id);

/// The UUID of the database.
std::string server_id(Connection& connection);

/// Keeps what happened as an event of the workflow, and tells listeners; now.
void add_event(Connection& connection, Id workflow_id, const nlohmann::json& data);

/// Tells those who follow the workflow's events, once this is committed. To be asked before much is done for it:
/// `connection.changes().wanted()`.
void notify(Connection& connection, Id workflow_id, std::string type, Severity severity, nlohmann::json data);

/// The same for an event that is kept: its type is the `event_type` in `data`, else its `category`.
void notify_of_event(Connection& connection, Id workflow_id, const nlohmann::json& data);

/// "default": what a job gets that names no requirements.
/// @throws Refused unprocessable where it was deleted
Id default_requirements(Connection& connection, Id workflow_id);

/// Deletes; jobs that used them get the workflow's default.
/// @throws Refused conflict for a default that jobs still need
model::ResourceRequirements remove_requirements(Connection& connection, Id id);
/// All but a default that jobs need. @returns how many
std::int64_t remove_all_requirements(Connection& connection, Id workflow_id);
/// Sets what claims go by from the texts of `requirements`.
void record_amounts(Connection& connection, Id id, std::int64_t memory_bytes, std::int64_t runtime_seconds);

/// Deletes; jobs that named it have none then.
/// @throws Refused not_found
void remove_failure_handler(Connection& connection, Id id);

/// Adds those that are not known yet; settings that are given replace those of one that is.
void add_remote_workers(Connection& connection, Id workflow_id, const std::vector<model::RemoteWorker>& workers);
std::vector<model::RemoteWorker> remote_workers(Connection& connection, Id workflow_id);
/// False where there was none.
bool remove_remote_worker(Connection& connection, Id workflow_id, const std::string& worker);

}  // namespace torc::store
