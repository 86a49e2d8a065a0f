#include "torc/app/workflows/requeue_jobs.hpp"

#include "torc/app/fleet/worker_nodes.hpp"
#include "torc/base/error.hpp"

namespace torc::app {
namespace {

/// The job did not fail, so no limit of retries applies.
constexpr std::int64_t k_no_limit = 2'147'483'647;

}  // namespace

bool requeue_job(client::Api& api, const model::Job& job, std::int64_t run_id) {
  try {
    if (job.status == model::JobStatus::running) {
      api.retry_job(job.id.value_or(0), run_id, k_no_limit, job.attempt_id);
    } else if (job.status == model::JobStatus::pending) {
      api.manage_status_change(job.id.value_or(0), model::JobStatus::ready, run_id);
    } else {
      return false;
    }
    return true;
  } catch (const base::ApiError& error) {
    // torc 0.23 answers some refusals with status 500.
    if (error.status() == 409 || error.status() == 422 ||
        (error.status() >= 500 && api.get_job(job.id.value_or(0)).status != job.status)) {
      return false;
    }
    throw;
  }
}

std::vector<bool> requeue_orphans(client::Api& api, model::Id workflow_id, const Orphans& orphans) {
  std::vector<bool> requeued;
  if (!orphans.jobs.empty()) {
    const std::int64_t run_id = api.get_workflow_status(workflow_id).run_id;
    for (const auto& orphan : orphans.jobs) {
      requeued.push_back(requeue_job(api, orphan.job, run_id));
    }
  }
  for (auto node : orphans.dead_nodes) {
    node.is_active = false;
    api.update_compute_node(node.id.value_or(0), node);
  }
  return requeued;
}

std::vector<model::ComputeNode> active_nodes_of(client::Api& api, model::Id workflow_id, const std::string& worker) {
  client::ComputeNodeFilter active;
  active.is_active = true;
  auto nodes = api.list_compute_nodes(workflow_id, active).items;
  std::erase_if(nodes, [&](const auto& node) { return !runs_on(node, worker); });
  return nodes;
}

std::int64_t requeue_jobs(client::Api& api, model::Id workflow_id, std::vector<model::ComputeNode> nodes) {
  const std::int64_t run_id = api.get_workflow_status(workflow_id).run_id;
  std::int64_t count = 0;
  for (auto& node : nodes) {
    const model::Id node_id = node.id.value_or(0);
    client::JobFilter of_node;
    of_node.active_compute_node_id = node_id;
    const auto jobs = api.list_jobs(workflow_id, of_node).items;
    for (const auto& job : jobs) {
      count += requeue_job(api, job, run_id) ? 1 : 0;
    }
    node.is_active = false;
    api.update_compute_node(node_id, node);
  }
  return count;
}

}  // namespace torc::app
