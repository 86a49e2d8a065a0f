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
      {get, "/workflows/{id}/job_ids", read, workflows::job_ids},
      {get, "/workflows/{id}/job_dependencies", read, workflows::job_dependencies},
      {get, "/workflows/{id}/job_file_relationships", read, workflows::job_file_relationships},
      {get, "/workflows/{id}/job_user_data_relationships", read, workflows::job_user_data_relationships},
      {get, "/workflows/{id}/actions/pending", read, workflows::pending_actions},
      {post, "/workflows/{id}/claim_next_jobs", write, jobs::claim_next},
      {post, "/workflows/{id}/claim_jobs_based_on_resources/{limit}", write, jobs::claim_by_resources},
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
  };
  return all;
}

}  // namespace torc::server
