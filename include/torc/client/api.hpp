#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/model/automation.hpp"
#include "torc/model/capability.hpp"
#include "torc/model/completions.hpp"
#include "torc/model/models.hpp"
#include "torc/model/summary.hpp"
#include "torc/net/wait_limit.hpp"

namespace torc::client {

/// Filters of listings. Empty members do not filter. Listings fetch all pages unless `limit` is given.
struct Paging {
  std::int64_t offset{0};
  std::optional<std::int64_t> limit;
  std::string sort_by{};
  bool reverse_sort{false};
};

struct WorkflowFilter {
  std::optional<std::string> user;
  std::optional<std::string> name;
  std::optional<bool> is_archived;
  Paging paging{};
};

struct JobFilter {
  std::optional<model::JobStatus> status;
  std::optional<model::Id> upstream_job_id;
  std::optional<model::Id> active_compute_node_id;
  bool include_relationships{false};
  Paging paging{};
};

struct ResultFilter {
  std::optional<model::Id> job_id;
  std::optional<std::int64_t> run_id;
  std::optional<std::int64_t> return_code;
  std::optional<model::JobStatus> status;
  std::optional<model::Id> compute_node_id;
  bool all_runs{false};
  Paging paging{};
};

struct ComputeNodeFilter {
  std::optional<bool> is_active;
  std::optional<std::string> hostname;
  std::optional<model::Id> scheduled_compute_node_id;
  Paging paging{};
};

struct EventFilter {
  std::optional<std::string> category;
  std::optional<std::int64_t> after_timestamp;
  Paging paging{};
};

struct FileFilter {
  std::optional<model::Id> produced_by_job_id;
};

/// Options of a claim. Each option is sent only if the server has the capability for it.
struct Claimer {
  model::Id compute_node_id{0};
  std::optional<std::int64_t> start_run{};  ///< If set, claimed jobs start at once in this run, without start_job.
  std::chrono::seconds wait{0};             ///< How long to wait if no job is ready.
  std::stop_token stop{};                   ///< When requested, the claim is abandoned as if no answer had come.
};

/// The server's operations, one method each. `RestApi` implements them over REST.
///
/// Errors: every method throws base::ApiError, with the status and message of the server if it refused, or status 0 if
/// the server could not be reached. If the connection fails, methods that are safe to repeat are retried for a short
/// time.
/// Thread-safety: one object per thread.
class Api {
 public:
  virtual ~Api() = default;

  /// Sets how long calls wait for their answers. Abandoned calls throw as if no answer had come.
  virtual void set_wait_limit(net::WaitLimit wait_limit) = 0;

  // System
  virtual void ping() = 0;
  /// Queried once per object, then cached.
  virtual const model::ServerVersion& version() = 0;
  /// The server's id if it has one, else a hash of its URL (16 hex digits). Used in the names of directories on
  /// workers.
  virtual std::string server_id() = 0;
  /// Whether the server has a feature beyond torc 0.23.
  virtual bool has_capability(model::Capability capability) = 0;
  /// Makes the server read its password file again, which only administrators may.
  /// @returns the number of users
  virtual std::int64_t reload_users() = 0;

  // Workflows
  virtual model::Page<model::Workflow> list_workflows(const WorkflowFilter& filter) = 0;
  virtual model::Workflow get_workflow(model::Id id) = 0;
  virtual model::Workflow create_workflow(const model::Workflow& workflow) = 0;
  virtual model::Workflow delete_workflow(model::Id id) = 0;
  virtual model::WorkflowStatus get_workflow_status(model::Id id) = 0;
  virtual model::WorkflowStatus update_workflow_status(model::Id id, const model::WorkflowStatus& status) = 0;
  virtual model::Completion is_workflow_complete(model::Id id) = 0;
  virtual bool is_workflow_uninitialized(model::Id id) = 0;
  virtual void initialize_jobs(model::Id id, bool only_uninitialized, bool clear_ephemeral_user_data) = 0;
  /// Begins the next run in one step: increments the run id, clears a cancel, and initializes the jobs. Needs
  /// Capability::initialize_next_run.
  /// @param if_uninitialized  Only if no job has left its initial status.
  /// @returns whether the run was initialized
  virtual bool initialize_next_run(model::Id id, bool only_uninitialized, bool if_uninitialized) = 0;
  virtual void cancel_workflow(model::Id id) = 0;
  virtual void reset_workflow_status(model::Id id, bool force) = 0;
  /// @returns the number of jobs reset
  virtual std::int64_t reset_job_status(model::Id id, bool failed_only) = 0;
  virtual std::vector<model::Id> required_existing_files(model::Id id) = 0;
  virtual std::vector<model::Id> missing_user_data(model::Id id) = 0;
  /// Needs Capability::summary.
  virtual model::Summary summarize_workflow(model::Id id) = 0;

  // Jobs
  virtual model::Page<model::Job> list_jobs(model::Id workflow_id, const JobFilter& filter) = 0;
  virtual model::Job get_job(model::Id id) = 0;
  virtual model::Job create_job(const model::Job& job) = 0;
  /// Creates several jobs of one workflow, in the given order.
  virtual std::vector<model::Job> create_jobs(const std::vector<model::Job>& jobs) = 0;
  /// Jobs started by the claim (`Claimer::start_run`) have the status running.
  virtual std::vector<model::Job> claim_next_jobs(model::Id workflow_id, std::int64_t limit,
                                                  const Claimer& claimer) = 0;
  virtual std::vector<model::Job> claim_jobs_based_on_resources(model::Id workflow_id, std::int64_t limit,
                                                                const model::ComputeNodesResources& resources,
                                                                const Claimer& claimer) = 0;
  virtual void start_job(model::Id id, std::int64_t run_id, model::Id compute_node_id) = 0;
  /// `result.status` becomes the status of the job.
  virtual void complete_job(model::Id id, const model::Result& result) = 0;
  /// Completes several jobs independently of each other. Needs Capability::batch_complete_jobs.
  virtual model::CompletedJobs complete_jobs(model::Id workflow_id, const std::vector<model::Result>& results) = 0;
  virtual void manage_status_change(model::Id id, model::JobStatus status, std::int64_t run_id) = 0;
  /// Makes a running, failed or terminated job ready again as its next attempt.
  /// @param attempt_id  The attempt to retry; sent if the server has Capability::retry_attempt.
  /// @throws base::ApiError 409 if another attempt is the current one
  virtual model::Job retry_job(model::Id id, std::int64_t run_id, std::int64_t max_retries,
                               std::optional<std::int64_t> attempt_id) = 0;
  /// The same after the runner's time limit ended the job. Needs Capability::retry_reason.
  /// @throws base::ApiError 422 if that has happened `most` times before
  virtual model::Job retry_job_after_time_limit(model::Id id, std::int64_t run_id, std::int64_t most,
                                                std::optional<std::int64_t> attempt_id) = 0;

  // Records of a workflow
  virtual model::ResourceRequirements create_resource_requirements(const model::ResourceRequirements& body) = 0;
  virtual model::ResourceRequirements get_resource_requirements(model::Id id) = 0;
  virtual model::Page<model::ResourceRequirements> list_resource_requirements(model::Id workflow_id) = 0;
  virtual model::Page<model::Result> list_results(model::Id workflow_id, const ResultFilter& filter) = 0;
  /// Stores an additional result, such as that of a retried attempt. Does not change the job.
  virtual model::Result create_result(const model::Result& result) = 0;
  virtual model::ComputeNode create_compute_node(const model::ComputeNode& node) = 0;
  virtual model::ComputeNode get_compute_node(model::Id id) = 0;
  virtual model::ComputeNode update_compute_node(model::Id id, const model::ComputeNode& node) = 0;
  /// Needs Capability::heartbeat.
  virtual model::Heartbeat send_heartbeat(model::Id compute_node_id) = 0;
  virtual model::Page<model::ComputeNode> list_compute_nodes(model::Id workflow_id,
                                                             const ComputeNodeFilter& filter) = 0;
  virtual std::vector<model::RemoteWorker> list_remote_workers(model::Id workflow_id) = 0;
  /// Adds workers that the workflow does not have. On servers with Capability::worker_settings, also stores the
  /// settings, including those of existing workers; otherwise only addresses are stored.
  virtual void create_remote_workers(model::Id workflow_id, const std::vector<model::RemoteWorker>& workers) = 0;
  virtual void delete_remote_worker(model::Id workflow_id, const std::string& worker) = 0;
  virtual model::Event create_event(const model::Event& event) = 0;
  virtual model::Page<model::Event> list_events(model::Id workflow_id, const EventFilter& filter) = 0;
  virtual model::File create_file(const model::File& file) = 0;
  virtual model::File get_file(model::Id id) = 0;
  virtual model::Page<model::File> list_files(model::Id workflow_id, const FileFilter& filter) = 0;
  virtual model::UserData create_user_data(const model::UserData& user_data) = 0;
  virtual model::Page<model::UserData> list_user_data(model::Id workflow_id) = 0;
  virtual model::FailureHandler create_failure_handler(const model::FailureHandler& handler) = 0;
  virtual std::vector<model::FailureHandler> list_failure_handlers(model::Id workflow_id) = 0;
  virtual model::WorkflowAction create_workflow_action(const model::WorkflowAction& action) = 0;
  virtual std::vector<model::WorkflowAction> list_workflow_actions(model::Id workflow_id) = 0;
  /// Actions whose trigger has fired and that are unclaimed, or are for every runner to claim.
  virtual std::vector<model::WorkflowAction> list_pending_actions(model::Id workflow_id,
                                                                  const std::vector<std::string>& triggers) = 0;
  /// @returns whether the caller may run the action
  virtual bool claim_action(model::Id workflow_id, model::Id action_id, model::Id compute_node_id) = 0;
  /// The number of scheduled compute nodes with a status ("pending", "active"); 0 if the server does not have the
  /// operation.
  virtual std::int64_t count_scheduled_compute_nodes(model::Id workflow_id, const std::string& status) = 0;
};

}  // namespace torc::client
