#pragma once

#include <utility>

#include "client/rest_connection.hpp"

namespace torc::client {

/// `Api` over REST, implemented in one file per resource: rest_workflows.cpp, rest_jobs.cpp, ...
class RestApi final : public Api {
 public:
  explicit RestApi(const Connection& connection);

  void set_wait_limit(net::WaitLimit wait_limit) override { m_connection.set_wait_limit(std::move(wait_limit)); }

  void ping() override;
  const model::ServerVersion& version() override;
  std::string server_id() override;
  bool has_capability(model::Capability capability) override;
  std::int64_t reload_users() override;

  model::Page<model::Workflow> list_workflows(const WorkflowFilter& filter) override;
  model::Workflow get_workflow(model::Id id) override;
  model::Workflow create_workflow(const model::Workflow& workflow) override;
  model::Workflow delete_workflow(model::Id id) override;
  model::WorkflowStatus get_workflow_status(model::Id id) override;
  model::WorkflowStatus update_workflow_status(model::Id id, const model::WorkflowStatus& status) override;
  model::Completion is_workflow_complete(model::Id id) override;
  bool is_workflow_uninitialized(model::Id id) override;
  void initialize_jobs(model::Id id, bool only_uninitialized, bool clear_ephemeral_user_data) override;
  bool initialize_next_run(model::Id id, bool only_uninitialized, bool if_uninitialized) override;
  void cancel_workflow(model::Id id) override;
  void reset_workflow_status(model::Id id, bool force) override;
  std::int64_t reset_job_status(model::Id id, bool failed_only) override;
  std::vector<model::Id> required_existing_files(model::Id id) override;
  std::vector<model::Id> missing_user_data(model::Id id) override;
  model::Summary summarize_workflow(model::Id id) override;

  model::Page<model::Job> list_jobs(model::Id workflow_id, const JobFilter& filter) override;
  model::Job get_job(model::Id id) override;
  model::Job create_job(const model::Job& job) override;
  std::vector<model::Job> create_jobs(const std::vector<model::Job>& jobs) override;
  std::vector<model::Job> claim_next_jobs(model::Id workflow_id, std::int64_t limit, const Claimer& claimer) override;
  std::vector<model::Job> claim_jobs_based_on_resources(model::Id workflow_id, std::int64_t limit,
                                                        const model::ComputeNodesResources& resources,
                                                        const Claimer& claimer) override;
  void start_job(model::Id id, std::int64_t run_id, model::Id compute_node_id) override;
  void complete_job(model::Id id, const model::Result& result) override;
  model::CompletedJobs complete_jobs(model::Id workflow_id, const std::vector<model::Result>& results) override;
  void manage_status_change(model::Id id, model::JobStatus status, std::int64_t run_id) override;
  model::Job retry_job(model::Id id, std::int64_t run_id, std::int64_t max_retries,
                       std::optional<std::int64_t> attempt_id) override;
  model::Job retry_job_after_time_limit(model::Id id, std::int64_t run_id, std::int64_t most,
                                        std::optional<std::int64_t> attempt_id) override;

  model::ResourceRequirements create_resource_requirements(const model::ResourceRequirements& body) override;
  model::ResourceRequirements get_resource_requirements(model::Id id) override;
  model::Page<model::ResourceRequirements> list_resource_requirements(model::Id workflow_id) override;
  model::Result create_result(const model::Result& result) override;
  model::Page<model::Result> list_results(model::Id workflow_id, const ResultFilter& filter) override;
  model::ComputeNode create_compute_node(const model::ComputeNode& node) override;
  model::ComputeNode get_compute_node(model::Id id) override;
  model::ComputeNode update_compute_node(model::Id id, const model::ComputeNode& node) override;
  model::Heartbeat send_heartbeat(model::Id compute_node_id) override;
  model::Page<model::ComputeNode> list_compute_nodes(model::Id workflow_id, const ComputeNodeFilter& filter) override;
  std::vector<model::RemoteWorker> list_remote_workers(model::Id workflow_id) override;
  void create_remote_workers(model::Id workflow_id, const std::vector<model::RemoteWorker>& workers) override;
  void delete_remote_worker(model::Id workflow_id, const std::string& worker) override;
  model::Event create_event(const model::Event& event) override;
  model::Page<model::Event> list_events(model::Id workflow_id, const EventFilter& filter) override;
  model::File create_file(const model::File& file) override;
  model::File get_file(model::Id id) override;
  model::Page<model::File> list_files(model::Id workflow_id, const FileFilter& filter) override;
  model::UserData create_user_data(const model::UserData& user_data) override;
  model::Page<model::UserData> list_user_data(model::Id workflow_id) override;
  model::FailureHandler create_failure_handler(const model::FailureHandler& handler) override;
  std::vector<model::FailureHandler> list_failure_handlers(model::Id workflow_id) override;
  model::WorkflowAction create_workflow_action(const model::WorkflowAction& action) override;
  std::vector<model::WorkflowAction> list_workflow_actions(model::Id workflow_id) override;
  std::vector<model::WorkflowAction> list_pending_actions(model::Id workflow_id,
                                                          const std::vector<std::string>& triggers) override;
  bool claim_action(model::Id workflow_id, model::Id action_id, model::Id compute_node_id) override;
  std::int64_t count_scheduled_compute_nodes(model::Id workflow_id, const std::string& status) override;

 private:
  model::Job retry(model::Id id, std::int64_t run_id, Query query, std::optional<std::int64_t> attempt_id);
  /// Adds the options of a claim to its query.
  void add_claimer(Query& query, const Claimer& claimer);
  /// The connection, after checking that the server has a compatible interface version.
  RestConnection& server();

  RestConnection m_connection;
  bool m_checked;  ///< Whether the version has been checked, or the check is disabled.
  std::optional<model::ServerVersion> m_version;
};

}  // namespace torc::client
