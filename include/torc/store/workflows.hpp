#pragma once

// The life of a workflow: creation, initialization, reset, cancellation, completion.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "torc/store/records.hpp"

namespace torc::store {

/// Creates the workflow and its resource requirements named "default".
/// @returns `workflow` with ID, timestamp and status ID
model::Workflow create_workflow(Connection& connection, model::Workflow workflow);

/// @throws Refused not_found
model::WorkflowStatus workflow_status(Connection& connection, Id workflow_id);

/// Changes the fields that are present.
/// @throws Refused not_found
void update_workflow_status(Connection& connection, Id workflow_id, const model::WorkflowStatus& status);

model::Completion workflow_completion(Connection& connection, Id workflow_id);

/// Whether any job is ready to be claimed.
bool has_ready_jobs(Connection& connection, Id workflow_id);

/// Whether all jobs are uninitialized.
bool is_uninitialized(Connection& connection, Id workflow_id);

struct InitializeOptions {
  bool only_uninitialized{false};  ///< Do not change jobs that are already ready or blocked.
  bool clear_ephemeral_user_data{false};
  bool next_run{false};          ///< Increment the run ID, and undo a cancellation.
  bool if_uninitialized{false};  ///< Change nothing unless `is_uninitialized`.
};

/// Determines the dependencies that follow from files and user data, and makes every job ready or blocked that is
/// neither done nor claimed or running.
/// @returns whether it initialized the jobs; false only with `if_uninitialized`
bool initialize_jobs(Connection& connection, Id workflow_id, InitializeOptions options);

/// Stops claims; jobs that are claimed or running become canceled.
void cancel_workflow(Connection& connection, Id workflow_id);

/// Undoes a cancellation.
/// @throws Refused unprocessable if jobs are claimed or running, unless `force`
void reset_workflow_status(Connection& connection, Id workflow_id, bool force);

/// Makes jobs uninitialized: all of them; or, with `failed_only`, the jobs that failed, were canceled or terminated,
/// and every job that depends on one of these directly or indirectly, whatever its status, except disabled jobs (torc
/// 0.23 also resets dependents that are completed).
/// @returns the number of changed jobs
std::int64_t reset_job_status(Connection& connection, Id workflow_id, bool failed_only);

/// Makes jobs uninitialized that have ended and whose input files or user data have changed since they started, and all
/// jobs that depend on them.
///
/// @param dry_run  Change nothing.
/// @returns the names of those jobs that had ended
std::vector<std::string> process_changed_inputs(Connection& connection, Id workflow_id, bool dry_run);

/// IDs of files that some job reads and no job writes.
std::vector<Id> required_existing_files(Connection& connection, Id workflow_id);

/// IDs of user data without a value that some job reads and no job writes.
std::vector<Id> missing_user_data(Connection& connection, Id workflow_id);

/// The UUID of the database.
std::string server_id(Connection& connection);

/// Stores an event of the workflow with the current time, and notifies the listeners.
void add_event(Connection& connection, Id workflow_id, const nlohmann::json& data);

/// Notifies the listeners of the workflow's events after the commit. If preparing the data is expensive, first check
/// whether there are listeners: `connection.changes().wanted()`.
void notify(Connection& connection, Id workflow_id, std::string type, Severity severity, nlohmann::json data);

/// Notifies the listeners of a stored event; its type is `event_type` in `data`, or else `category`.
void notify_of_event(Connection& connection, Id workflow_id, const nlohmann::json& data);

/// The requirements named "default", which jobs without requirements get.
/// @throws Refused unprocessable if they were deleted
Id default_requirements(Connection& connection, Id workflow_id);

/// Deletes requirements; jobs that used them get the workflow's default.
/// @throws Refused conflict for a default that jobs still need
model::ResourceRequirements remove_requirements(Connection& connection, Id id);
/// Deletes all requirements except a default that jobs need. @returns how many
std::int64_t remove_all_requirements(Connection& connection, Id workflow_id);
/// Stores memory and runtime as numbers, which claims use, beside the texts in `requirements`.
void record_amounts(Connection& connection, Id id, std::int64_t memory_bytes, std::int64_t runtime_seconds);

/// Deletes a failure handler; jobs that used it have none afterwards.
/// @throws Refused not_found
void remove_failure_handler(Connection& connection, Id id);

/// Adds workers that are not stored yet. For workers that are, given settings replace the stored ones.
void add_remote_workers(Connection& connection, Id workflow_id, const std::vector<model::RemoteWorker>& workers);
std::vector<model::RemoteWorker> remote_workers(Connection& connection, Id workflow_id);
/// @returns false if there is no such worker
bool remove_remote_worker(Connection& connection, Id workflow_id, const std::string& worker);

}  // namespace torc::store
