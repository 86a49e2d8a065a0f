#include "server/handlers.hpp"
#include "server/router.hpp"

namespace torc::server {

const std::vector<Route>& routes() {
  using enum Method;
  using enum Access;
  static const std::vector<Route> all{
      {get, "/ping", immediate, system::ping},
      {get, "/version", immediate, system::version},

      {get, "/workflows", read, workflows::list},
      {post, "/workflows", write, workflows::create},
      {get, "/workflows/{id}", read, workflows::get},
      {put, "/workflows/{id}", write, workflows::update},
      {del, "/workflows/{id}", write, workflows::remove},
      {get, "/workflows/{id}/status", read, workflows::get_status},
      {put, "/workflows/{id}/status", write, workflows::update_status},
      {get, "/workflows/{id}/is_complete", read, workflows::is_complete},
      {get, "/workflows/{id}/is_uninitialized", read, workflows::is_uninitialized},
      {post, "/workflows/{id}/initialize_jobs", write, workflows::initialize_jobs},
      {put, "/workflows/{id}/cancel", write, workflows::cancel},
      {post, "/workflows/{id}/reset_status", write, workflows::reset_status},
      {post, "/workflows/{id}/reset_job_status", write, workflows::reset_job_status},
      {get, "/workflows/{id}/required_existing_files", read, workflows::required_existing_files},
      {get, "/workflows/{id}/missing_user_data", read, workflows::missing_user_data},
      {post, "/workflows/{id}/process_changed_job_inputs", write, workflows::process_changed_job_inputs},
      {get, "/workflows/{id}/job_ids", read, workflows::job_ids},
      {get, "/workflows/{id}/job_dependencies", read, workflows::job_dependencies},
      {get, "/workflows/{id}/job_file_relationships", read, workflows::job_file_relationships},
      {get, "/workflows/{id}/job_user_data_relationships", read, workflows::job_user_data_relationships},
      {get, "/workflows/{id}/actions/pending", read, workflows::pending_actions},
      {post, "/workflows/{id}/claim_next_jobs", write, jobs::claim_next},
      {post, "/workflows/{id}/claim_jobs_based_on_resources/{limit}", write, jobs::claim_by_resources},
      {post, "/workflows/{id}/batch_complete_jobs", write, jobs::complete_many},
      {get, "/workflows/{id}/remote_workers", read, remote_workers::list},
      {post, "/workflows/{id}/remote_workers", write, remote_workers::create},
      {del, "/workflows/{id}/remote_workers/{worker}", write, remote_workers::remove},

      {get, "/jobs", read, jobs::list},
      {post, "/jobs", write, jobs::create},
      {del, "/jobs", write, jobs::remove_all},
      {post, "/bulk_jobs", write, jobs::create_many},
      {get, "/jobs/{id}", read, jobs::get},
      {put, "/jobs/{id}", write, jobs::update},
      {del, "/jobs/{id}", write, jobs::remove},
      {put, "/jobs/{id}/start_job/{run_id}/{compute_node_id}", write, jobs::start},
      {post, "/jobs/{id}/complete_job/{status}/{run_id}", write, jobs::complete},
      {post, "/jobs/{id}/retry/{run_id}", write, jobs::retry},
      {put, "/jobs/{id}/manage_status_change/{status}/{run_id}", write, jobs::change_status},

      {get, "/resource_requirements", read, resource_requirements::list},
      {post, "/resource_requirements", write, resource_requirements::create},
      {del, "/resource_requirements", write, resource_requirements::remove_all},
      {get, "/resource_requirements/{id}", read, resource_requirements::get},
      {put, "/resource_requirements/{id}", write, resource_requirements::update},
      {del, "/resource_requirements/{id}", write, resource_requirements::remove},

      {get, "/results", read, results::list},
      {post, "/results", write, results::create},
      {del, "/results", write, results::remove_all},
      {get, "/results/{id}", read, results::get},
      {put, "/results/{id}", write, results::update},
      {del, "/results/{id}", write, results::remove},

      {get, "/compute_nodes", read, compute_nodes::list},
      {post, "/compute_nodes", write, compute_nodes::create},
      {del, "/compute_nodes", write, compute_nodes::remove_all},
      {get, "/compute_nodes/{id}", read, compute_nodes::get},
      {put, "/compute_nodes/{id}", write, compute_nodes::update},
      {del, "/compute_nodes/{id}", write, compute_nodes::remove},

      {get, "/scheduled_compute_nodes", read, scheduled_compute_nodes::list},
      {post, "/scheduled_compute_nodes", write, scheduled_compute_nodes::create},
      {del, "/scheduled_compute_nodes", write, scheduled_compute_nodes::remove_all},
      {get, "/scheduled_compute_nodes/{id}", read, scheduled_compute_nodes::get},
      {put, "/scheduled_compute_nodes/{id}", write, scheduled_compute_nodes::update},
      {del, "/scheduled_compute_nodes/{id}", write, scheduled_compute_nodes::remove},

      {get, "/events", read, events::list},
      {post, "/events", write, events::create},
      {del, "/events", write, events::remove_all},
      {get, "/events/{id}", read, events::get},
      {put, "/events/{id}", write, events::update},
      {del, "/events/{id}", write, events::remove},

      {get, "/files", read, files::list},
      {post, "/files", write, files::create},
      {del, "/files", write, files::remove_all},
      {get, "/files/{id}", read, files::get},
      {put, "/files/{id}", write, files::update},
      {del, "/files/{id}", write, files::remove},

      {get, "/user_data", read, user_data::list},
      {post, "/user_data", write, user_data::create},
      {del, "/user_data", write, user_data::remove_all},
      {get, "/user_data/{id}", read, user_data::get},
      {put, "/user_data/{id}", write, user_data::update},
      {del, "/user_data/{id}", write, user_data::remove},

      {get, "/slurm_schedulers", read, slurm_schedulers::list},
      {post, "/slurm_schedulers", write, slurm_schedulers::create},
      {del, "/slurm_schedulers", write, slurm_schedulers::remove_all},
      {get, "/slurm_schedulers/{id}", read, slurm_schedulers::get},
      {put, "/slurm_schedulers/{id}", write, slurm_schedulers::update},
      {del, "/slurm_schedulers/{id}", write, slurm_schedulers::remove},

      {get, "/local_schedulers", read, local_schedulers::list},
      {post, "/local_schedulers", write, local_schedulers::create},
      {del, "/local_schedulers", write, local_schedulers::remove_all},
      {get, "/local_schedulers/{id}", read, local_schedulers::get},
      {put, "/local_schedulers/{id}", write, local_schedulers::update},
      {del, "/local_schedulers/{id}", write, local_schedulers::remove},

      {get, "/slurm_stats", read, slurm_stats::list},
      {post, "/slurm_stats", write, slurm_stats::create},

      {get, "/workflows/{id}/failure_handlers", read, failure_handlers::list},
      {post, "/failure_handlers", write, failure_handlers::create},
      {get, "/failure_handlers/{id}", read, failure_handlers::get},
      {del, "/failure_handlers/{id}", write, failure_handlers::remove},

      {get, "/workflows/{id}/ro_crate_entities", read, ro_crate_entities::list},
      {del, "/workflows/{id}/ro_crate_entities", write, ro_crate_entities::remove_all},
      {post, "/ro_crate_entities", write, ro_crate_entities::create},
      {get, "/ro_crate_entities/{id}", read, ro_crate_entities::get},
      {put, "/ro_crate_entities/{id}", write, ro_crate_entities::update},
      {del, "/ro_crate_entities/{id}", write, ro_crate_entities::remove},
  };
  return all;
}

}  // namespace torc::server
