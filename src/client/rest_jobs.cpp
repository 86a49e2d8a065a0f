#include <iterator>

#include <fmt/format.h>

#include "client/rest_api.hpp"

namespace torc::client {
namespace {

/// So much goes into one request: a server handles it at a stretch while others wait, and limits a body's size.
constexpr std::size_t k_jobs_in_a_request = 5'000;
constexpr std::size_t k_bytes_in_a_request = 1UL << 20U;

constexpr const char* k_notes_claims = "claim_compute_node_id";

}  // namespace

model::Page<model::Job> RestApi::list_jobs(model::Id workflow_id, const JobFilter& filter) {
  Query query;
  query.add("workflow_id", workflow_id)
      .add("status", filter.status)
      .add("upstream_job_id", filter.upstream_job_id)
      .add("active_compute_node_id", filter.active_compute_node_id);
  if (filter.include_relationships) {
    query.add("include_relationships", true);
  }
  return server().list<model::Job>("/jobs", query, filter.paging);
}

model::Job RestApi::get_job(model::Id id) {
  const std::string path = fmt::format("/jobs/{}", id);
  return model_from<model::Job>(server().get(path), "GET " + path);
}

model::Job RestApi::create_job(const model::Job& job) {
  return model_from<model::Job>(server().post("/jobs", {}, model::to_json(job)), "POST /jobs");
}

std::vector<model::Job> RestApi::create_jobs(const std::vector<model::Job>& jobs) {
  std::vector<model::Job> created;
  created.reserve(jobs.size());
  for (std::size_t next = 0; next < jobs.size();) {
    nlohmann::json slice = nlohmann::json::array();
    std::size_t bytes = 0;
    for (; next < jobs.size() && slice.size() < k_jobs_in_a_request && bytes < k_bytes_in_a_request; ++next) {
      bytes += jobs[next].command.size() + jobs[next].invocation_script.value_or("").size();
      slice.push_back(model::to_json(jobs[next]));
    }
    const auto answer = server().post("/bulk_jobs", {}, {{"jobs", std::move(slice)}});
    auto made = models_from<model::Job>(value_at(answer, "jobs"), "POST /bulk_jobs");
    created.insert(created.end(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
  }
  return created;
}

std::vector<model::Job> RestApi::claim_next_jobs(model::Id workflow_id, std::int64_t limit,
                                                 model::Id compute_node_id) {
  const std::string path = fmt::format("/workflows/{}/claim_next_jobs", workflow_id);
  Query query;
  query.add("limit", limit);
  if (has_capability(k_notes_claims)) {
    query.add("compute_node_id", compute_node_id);
  }
  return models_from<model::Job>(value_at(server().post(path, query), "jobs"), "POST " + path);
}

std::vector<model::Job> RestApi::claim_jobs_based_on_resources(model::Id workflow_id, std::int64_t limit,
                                                               const model::ComputeNodesResources& resources,
                                                               model::Id compute_node_id) {
  const std::string path = fmt::format("/workflows/{}/claim_jobs_based_on_resources/{}", workflow_id, limit);
  Query query;
  query.add("strict_scheduler_match", false);
  if (has_capability(k_notes_claims)) {
    query.add("compute_node_id", compute_node_id);
  }
  return models_from<model::Job>(value_at(server().post(path, query, model::to_json(resources)), "jobs"),
                                 "POST " + path);
}

void RestApi::start_job(model::Id id, std::int64_t run_id, model::Id compute_node_id) {
  server().put(fmt::format("/jobs/{}/start_job/{}/{}", id, run_id, compute_node_id));
}

void RestApi::complete_job(model::Id id, const model::Result& result) {
  server().post(fmt::format("/jobs/{}/complete_job/{}/{}", id, model::to_string(result.status), result.run_id), {},
                model::to_json(result));
}

void RestApi::manage_status_change(model::Id id, model::JobStatus status, std::int64_t run_id) {
  server().put(fmt::format("/jobs/{}/manage_status_change/{}/{}", id, model::to_string(status), run_id));
}

model::Job RestApi::retry_job(model::Id id, std::int64_t run_id, std::int64_t max_retries) {
  const std::string path = fmt::format("/jobs/{}/retry/{}", id, run_id);
  return model_from<model::Job>(server().post(path, Query().add("max_retries", max_retries)), "POST " + path);
}

}  // namespace torc::client
