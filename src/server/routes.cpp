#include "server/access/guards.hpp"
#include "server/handlers.hpp"
#include "server/router.hpp"
#include "torc/model/automation.hpp"
#include "torc/model/provenance.hpp"
#include "torc/model/schedulers.hpp"

namespace torc::server {

const std::vector<Route>& routes() {
  using enum Method;
  using enum Access;
  using guards::record;
  static const std::vector<Route> all{
      {get, "/ping", immediate, system::ping, guards::open},
      {get, "/version", immediate, system::version, guards::any_user},
      {post, "/admin/reload-auth", write, system::reload_auth, guards::admin},

      {get, "/workflows", read, workflows::list, guards::any_user},
      {post, "/workflows", write, workflows::create, guards::new_workflow},
      {get, "/workflows/{id}", read, workflows::get, guards::path},
      {put, "/workflows/{id}", write, workflows::update, guards::changed_workflow},
      {del, "/workflows/{id}", write, workflows::remove, guards::path},
      {get, "/workflows/{id}/status", read, workflows::get_status, guards::path},
      {put, "/workflows/{id}/status", write, workflows::update_status, guards::path},
      {get, "/workflows/{id}/is_complete", read, workflows::is_complete, guards::path},
      {get, "/workflows/{id}/is_uninitialized", read, workflows::is_uninitialized, guards::path},
      {post, "/workflows/{id}/initialize_jobs", write, workflows::initialize_jobs, guards::path},
      {put, "/workflows/{id}/cancel", write, workflows::cancel, guards::path},
      {post, "/workflows/{id}/reset_status", write, workflows::reset_status, guards::path},
      {post, "/workflows/{id}/reset_job_status", write, workflows::reset_job_status, guards::path},
      {get, "/workflows/{id}/required_existing_files", read, workflows::required_existing_files, guards::path},
      {get, "/workflows/{id}/missing_user_data", read, workflows::missing_user_data, guards::path},
      {post, "/workflows/{id}/process_changed_job_inputs", write, workflows::process_changed_job_inputs, guards::path},
      {get, "/workflows/{id}/job_ids", read, workflows::job_ids, guards::path},
      {get, "/workflows/{id}/job_dependencies", read, workflows::job_dependencies, guards::path},
      {get, "/workflows/{id}/job_file_relationships", read, workflows::job_file_relationships, guards::path},
      {get, "/workflows/{id}/job_user_data_relationships", read, workflows::job_user_data_relationships, guards::path},
      {get, "/workflows/{id}/ready_job_requirements", read, overview::ready_needs, guards::path},
      {get, "/workflows/{id}/summary", read, overview::summary, guards::path},
      {get, "/workflows/{id}/events/stream", immediate, events::stream, guards::path},
      {get, "/workflows/{id}/actions", read, actions::list, guards::path},
      {post, "/workflows/{id}/actions", write, actions::create, guards::path},
      {get, "/workflows/{id}/actions/pending", read, actions::pending, guards::path},
      {post, "/workflows/{id}/actions/{action_id}/claim", write, actions::claim, guards::path},
      {post, "/workflows/{id}/claim_next_jobs", write, jobs::claim_next, guards::path},
      {post, "/workflows/{id}/claim_jobs_based_on_resources/{limit}", write, jobs::claim_by_resources, guards::path},
      {post, "/workflows/{id}/batch_complete_jobs", write, jobs::complete_many, guards::path},
      {get, "/workflows/{id}/remote_workers", read, remote_workers::list, guards::path},
      {post, "/workflows/{id}/remote_workers", write, remote_workers::create, guards::path},
      {del, "/workflows/{id}/remote_workers/{worker}", write, remote_workers::remove, guards::path},

      {get, "/jobs", read, jobs::list, guards::query},
      {post, "/jobs", write, jobs::create, guards::body},
      {del, "/jobs", write, jobs::remove_all, guards::query},
      {post, "/bulk_jobs", write, jobs::create_many, guards::body_jobs},
      {get, "/jobs/{id}", read, jobs::get, record<model::Job>},
      {put, "/jobs/{id}", write, jobs::update, record<model::Job>},
      {del, "/jobs/{id}", write, jobs::remove, record<model::Job>},
      {put, "/jobs/{id}/start_job/{run_id}/{compute_node_id}", write, jobs::start, record<model::Job>},
      {post, "/jobs/{id}/complete_job/{status}/{run_id}", write, jobs::complete, record<model::Job>},
      {post, "/jobs/{id}/retry/{run_id}", write, jobs::retry, record<model::Job>},
      {put, "/jobs/{id}/manage_status_change/{status}/{run_id}", write, jobs::change_status, record<model::Job>},

      {get, "/resource_requirements", read, resource_requirements::list, guards::query},
      {post, "/resource_requirements", write, resource_requirements::create, guards::body},
      {del, "/resource_requirements", write, resource_requirements::remove_all, guards::query},
      {get, "/resource_requirements/{id}", read, resource_requirements::get, record<model::ResourceRequirements>},
      {put, "/resource_requirements/{id}", write, resource_requirements::update, record<model::ResourceRequirements>},
      {del, "/resource_requirements/{id}", write, resource_requirements::remove, record<model::ResourceRequirements>},

      {get, "/results", read, results::list, guards::query},
      {post, "/results", write, results::create, guards::body},
      {del, "/results", write, results::remove_all, guards::query},
      {get, "/results/{id}", read, results::get, record<model::Result>},
      {put, "/results/{id}", write, results::update, record<model::Result>},
      {del, "/results/{id}", write, results::remove, record<model::Result>},

      {get, "/compute_nodes", read, compute_nodes::list, guards::query},
      {post, "/compute_nodes", write, compute_nodes::create, guards::body},
      {del, "/compute_nodes", write, compute_nodes::remove_all, guards::query},
      {get, "/compute_nodes/{id}", read, compute_nodes::get, record<model::ComputeNode>},
      {put, "/compute_nodes/{id}", write, compute_nodes::update, record<model::ComputeNode>},
      {del, "/compute_nodes/{id}", write, compute_nodes::remove, record<model::ComputeNode>},
      {post, "/compute_nodes/{id}/heartbeat", write, compute_nodes::heartbeat, record<model::ComputeNode>},

      {get, "/scheduled_compute_nodes", read, scheduled_compute_nodes::list, guards::query},
      {post, "/scheduled_compute_nodes", write, scheduled_compute_nodes::create, guards::body},
      {del, "/scheduled_compute_nodes", write, scheduled_compute_nodes::remove_all, guards::query},
      {get, "/scheduled_compute_nodes/{id}", read, scheduled_compute_nodes::get, record<model::ScheduledComputeNode>},
      {put, "/scheduled_compute_nodes/{id}", write, scheduled_compute_nodes::update,
       record<model::ScheduledComputeNode>},
      {del, "/scheduled_compute_nodes/{id}", write, scheduled_compute_nodes::remove,
       record<model::ScheduledComputeNode>},

      {get, "/events", read, events::list, guards::query},
      {post, "/events", write, events::create, guards::body},
      {del, "/events", write, events::remove_all, guards::query},
      {get, "/events/{id}", read, events::get, record<model::Event>},
      {put, "/events/{id}", write, events::update, record<model::Event>},
      {del, "/events/{id}", write, events::remove, record<model::Event>},

      {get, "/files", read, files::list, guards::query},
      {post, "/files", write, files::create, guards::body},
      {del, "/files", write, files::remove_all, guards::query},
      {get, "/files/{id}", read, files::get, record<model::File>},
      {put, "/files/{id}", write, files::update, record<model::File>},
      {del, "/files/{id}", write, files::remove, record<model::File>},

      {get, "/user_data", read, user_data::list, guards::query},
      {post, "/user_data", write, user_data::create, guards::body},
      {del, "/user_data", write, user_data::remove_all, guards::query},
      {get, "/user_data/{id}", read, user_data::get, record<model::UserData>},
      {put, "/user_data/{id}", write, user_data::update, record<model::UserData>},
      {del, "/user_data/{id}", write, user_data::remove, record<model::UserData>},

      {get, "/slurm_schedulers", read, slurm_schedulers::list, guards::query},
      {post, "/slurm_schedulers", write, slurm_schedulers::create, guards::body},
      {del, "/slurm_schedulers", write, slurm_schedulers::remove_all, guards::query},
      {get, "/slurm_schedulers/{id}", read, slurm_schedulers::get, record<model::SlurmScheduler>},
      {put, "/slurm_schedulers/{id}", write, slurm_schedulers::update, record<model::SlurmScheduler>},
      {del, "/slurm_schedulers/{id}", write, slurm_schedulers::remove, record<model::SlurmScheduler>},

      {get, "/local_schedulers", read, local_schedulers::list, guards::query},
      {post, "/local_schedulers", write, local_schedulers::create, guards::body},
      {del, "/local_schedulers", write, local_schedulers::remove_all, guards::query},
      {get, "/local_schedulers/{id}", read, local_schedulers::get, record<model::LocalScheduler>},
      {put, "/local_schedulers/{id}", write, local_schedulers::update, record<model::LocalScheduler>},
      {del, "/local_schedulers/{id}", write, local_schedulers::remove, record<model::LocalScheduler>},

      {get, "/slurm_stats", read, slurm_stats::list, guards::query},
      {post, "/slurm_stats", write, slurm_stats::create, guards::body},

      {get, "/workflows/{id}/failure_handlers", read, failure_handlers::list, guards::path},
      {post, "/failure_handlers", write, failure_handlers::create, guards::body},
      {get, "/failure_handlers/{id}", read, failure_handlers::get, record<model::FailureHandler>},
      {del, "/failure_handlers/{id}", write, failure_handlers::remove, record<model::FailureHandler>},

      {get, "/workflows/{id}/ro_crate_entities", read, ro_crate_entities::list, guards::path},
      {del, "/workflows/{id}/ro_crate_entities", write, ro_crate_entities::remove_all, guards::path},
      {post, "/ro_crate_entities", write, ro_crate_entities::create, guards::body},
      {get, "/ro_crate_entities/{id}", read, ro_crate_entities::get, record<model::RoCrateEntity>},
      {put, "/ro_crate_entities/{id}", write, ro_crate_entities::update, record<model::RoCrateEntity>},
      {del, "/ro_crate_entities/{id}", write, ro_crate_entities::remove, record<model::RoCrateEntity>},

      {get, "/access_groups", read, access_groups::list, guards::any_user},
      {post, "/access_groups", write, access_groups::create, guards::admin},
      {get, "/access_groups/{id}", read, access_groups::get, guards::any_user},
      {del, "/access_groups/{id}", write, access_groups::remove, guards::admin},
      {get, "/access_groups/{id}/members", read, access_groups::list_members, guards::group_member},
      {post, "/access_groups/{id}/members", write, access_groups::add_member, guards::group_manager},
      {del, "/access_groups/{id}/members/{user_name}", write, access_groups::remove_member, guards::group_manager},
      {get, "/users/{user_name}/groups", read, access_groups::list_of_user, guards::own_name},
      {get, "/workflows/{id}/access_groups", read, access_groups::list_of_workflow, guards::path},
      {post, "/workflows/{id}/access_groups/{group_id}", write, access_groups::add_workflow, guards::owner},
      {del, "/workflows/{id}/access_groups/{group_id}", write, access_groups::remove_workflow, guards::owner},
      {get, "/access_check/{workflow_id}/{user_name}", read, access_groups::check, guards::own_name_or_workflow},
  };
  return all;
}

}  // namespace torc::server
