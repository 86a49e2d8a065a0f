#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "torc/client/api.hpp"

namespace torc::support {

/// An `Api` without a server, in which every call is unexpected. Tests override the calls they expect.
class StubApi : public client::Api {
 public:
  void set_wait_limit(net::WaitLimit) override { unexpected("set_wait_limit"); }
  void ping() override { unexpected("ping"); }
  const model::ServerVersion& version() override { unexpected("version"); }
  std::string server_id() override { unexpected("server_id"); }
  bool has_capability(model::Capability) override { unexpected("has_capability"); }
  std::int64_t reload_users() override { unexpected("reload_users"); }
  model::Page<model::Workflow> list_workflows(const client::WorkflowFilter&) override { unexpected("list_workflows"); }
  model::Workflow get_workflow(model::Id) override { unexpected("get_workflow"); }
  model::Workflow create_workflow(const model::Workflow&) override { unexpected("create_workflow"); }
  model::Workflow delete_workflow(model::Id) override { unexpected("delete_workflow"); }
  model::WorkflowStatus get_workflow_status(model::Id) override { unexpected("get_workflow_status"); }
  model::WorkflowStatus update_workflow_status(model::Id, const model::WorkflowStatus&) override {
    unexpected("update_workflow_status");
  }
  model::Completion is_workflow_complete(model::Id) override { unexpected("is_workflow_complete"); }
  bool is_workflow_uninitialized(model::Id) override { unexpected("is_workflow_uninitialized"); }
  void initialize_jobs(model::Id, bool, bool) override { unexpected("initialize_jobs"); }
  bool initialize_next_run(model::Id, bool, bool) override { unexpected("initialize_next_run"); }
  void cancel_workflow(model::Id) override { unexpected("cancel_workflow"); }
  void reset_workflow_status(model::Id, bool) override { unexpected("reset_workflow_status"); }
  std::int64_t reset_job_status(model::Id, bool) override { unexpected("reset_job_status"); }
  std::vector<model::Id> required_existing_files(model::Id) override { unexpected("required_existing_files"); }
  std::vector<model::Id> missing_user_data(model::Id) override { unexpected("missing_user_data"); }
  model::Summary summarize_workflow(model::Id) override { unexpected("summarize_workflow"); }
  model::Page<model::Job> list_jobs(model::Id, const client::JobFilter&) override { unexpected("list_jobs"); }
  model::Job get_job(model::Id) override { unexpected("get_job"); }
  model::Job create_job(const model::Job&) override { unexpected("create_job"); }
  std::vector<model::Job> create_jobs(const std::vector<model::Job>&) override { unexpected("create_jobs"); }
  std::vector<model::Job> claim_next_jobs(model::Id, std::int64_t, const client::Claimer&) override {
    unexpected("claim_next_jobs");
  }
  std::vector<model::Job> claim_jobs_based_on_resources(model::Id, std::int64_t, const model::ComputeNodesResources&,
                                                        const client::Claimer&) override {
    unexpected("claim_jobs_based_on_resources");
  }
  void start_job(model::Id, std::int64_t, model::Id) override { unexpected("start_job"); }
  void complete_job(model::Id, const model::Result&) override { unexpected("complete_job"); }
  model::CompletedJobs complete_jobs(model::Id, const std::vector<model::Result>&) override {
    unexpected("complete_jobs");
  }
  void manage_status_change(model::Id, model::JobStatus, std::int64_t) override { unexpected("manage_status_change"); }
  model::Job retry_job(model::Id, std::int64_t, std::int64_t, std::optional<std::int64_t>) override {
    unexpected("retry_job");
  }
  model::Job retry_job_after_time_limit(model::Id, std::int64_t, std::int64_t, std::optional<std::int64_t>) override {
    unexpected("retry_job_after_time_limit");
  }
  model::ResourceRequirements create_resource_requirements(const model::ResourceRequirements&) override {
    unexpected("create_resource_requirements");
  }
  model::ResourceRequirements get_resource_requirements(model::Id) override { unexpected("get_resource_requirements"); }
  model::Page<model::ResourceRequirements> list_resource_requirements(model::Id) override {
    unexpected("list_resource_requirements");
  }
  model::Page<model::Result> list_results(model::Id, const client::ResultFilter&) override {
    unexpected("list_results");
  }
  model::Result create_result(const model::Result&) override { unexpected("create_result"); }
  model::ComputeNode create_compute_node(const model::ComputeNode&) override { unexpected("create_compute_node"); }
  model::ComputeNode get_compute_node(model::Id) override { unexpected("get_compute_node"); }
  model::ComputeNode update_compute_node(model::Id, const model::ComputeNode&) override {
    unexpected("update_compute_node");
  }
  model::Heartbeat send_heartbeat(model::Id) override { unexpected("send_heartbeat"); }
  model::Page<model::ComputeNode> list_compute_nodes(model::Id, const client::ComputeNodeFilter&) override {
    unexpected("list_compute_nodes");
  }
  std::vector<model::RemoteWorker> list_remote_workers(model::Id) override { unexpected("list_remote_workers"); }
  void create_remote_workers(model::Id, const std::vector<model::RemoteWorker>&) override {
    unexpected("create_remote_workers");
  }
  void delete_remote_worker(model::Id, const std::string&) override { unexpected("delete_remote_worker"); }
  model::Event create_event(const model::Event&) override { unexpected("create_event"); }
  model::Page<model::Event> list_events(model::Id, const client::EventFilter&) override { unexpected("list_events"); }
  model::File create_file(const model::File&) override { unexpected("create_file"); }
  model::File get_file(model::Id) override { unexpected("get_file"); }
  model::Page<model::File> list_files(model::Id, const client::FileFilter&) override { unexpected("list_files"); }
  model::UserData create_user_data(const model::UserData&) override { unexpected("create_user_data"); }
  model::Page<model::UserData> list_user_data(model::Id) override { unexpected("list_user_data"); }
  model::FailureHandler create_failure_handler(const model::FailureHandler&) override {
    unexpected("create_failure_handler");
  }
  std::vector<model::FailureHandler> list_failure_handlers(model::Id) override { unexpected("list_failure_handlers"); }
  model::WorkflowAction create_workflow_action(const model::WorkflowAction&) override {
    unexpected("create_workflow_action");
  }
  std::vector<model::WorkflowAction> list_workflow_actions(model::Id) override { unexpected("list_workflow_actions"); }
  std::vector<model::WorkflowAction> list_pending_actions(model::Id, const std::vector<std::string>&) override {
    unexpected("list_pending_actions");
  }
  bool claim_action(model::Id, model::Id, model::Id) override { unexpected("claim_action"); }
  std::int64_t count_scheduled_compute_nodes(model::Id, const std::string&) override {
    unexpected("count_scheduled_compute_nodes");
  }

 private:
  [[noreturn]] static void unexpected(const std::string& name) {
    throw std::logic_error("unexpected call of client::Api::" + name);
  }
};

}  // namespace torc::support
