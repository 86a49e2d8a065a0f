#include <iterator>

#include <fmt/format.h>

#include "client/rest_api.hpp"

namespace torc::client {
namespace {

/// Limits per request, because a server handles a request without interruption while others wait, and limits the size
/// of bodies.
constexpr std::size_t k_jobs_in_a_request = 5'000;
constexpr std::size_t k_bytes_in_a_request = 1UL << 20U;

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

void RestApi::add_claimer(Query& query, const Claimer& claimer) {
  if (!has_capability(model::Capability::claim_compute_node_id)) {
    return;
  }
  query.add("compute_node_id", claimer.compute_node_id);
  if (claimer.start_run && has_capability(model::Capability::claim_start)) {
    query.add("start", true).add("run_id", *claimer.start_run);
  }
  if (claimer.wait > std::chrono::seconds(0) && has_capability(model::Capability::claim_wait)) {
    query.add("wait", std::int64_t{claimer.wait.count()});
  }
}

std::vector<model::Job> RestApi::claim_next_jobs(model::Id workflow_id, std::int64_t limit, const Claimer& claimer) {
  const std::string path = fmt::format("/workflows/{}/claim_next_jobs", workflow_id);
  Query query;
  query.add("limit", limit);
  add_claimer(query, claimer);
  return models_from<model::Job>(value_at(server().post(path, query, nullptr, claimer.stop), "jobs"), "POST " + path);
}

std::vector<model::Job> RestApi::claim_jobs_based_on_resources(model::Id workflow_id, std::int64_t limit,
                                                               const model::ComputeNodesResources& resources,
                                                               const Claimer& claimer) {
  const std::string path = fmt::format("/workflows/{}/claim_jobs_based_on_resources/{}", workflow_id, limit);
  Query query;
  query.add("strict_scheduler_match", false);
  add_claimer(query, claimer);
  return models_from<model::Job>(value_at(server().post(path, query, model::to_json(resources), claimer.stop), "jobs"),
                                 "POST " + path);
}

void RestApi::start_job(model::Id id, std::int64_t run_id, model::Id compute_node_id) {
  server().put(fmt::format("/jobs/{}/start_job/{}/{}", id, run_id, compute_node_id));
}

void RestApi::complete_job(model::Id id, const model::Result& result) {
  server().post(fmt::format("/jobs/{}/complete_job/{}/{}", id, model::to_string(result.status), result.run_id), {},
                model::to_json(result));
}

model::CompletedJobs RestApi::complete_jobs(model::Id workflow_id, const std::vector<model::Result>& results) {
  const std::string path = fmt::format("/workflows/{}/batch_complete_jobs", workflow_id);
  std::vector<model::JobCompletion> completions;
  for (const auto& result : results) {
    completions.push_back(
        {.job_id = result.job_id, .status = result.status, .run_id = result.run_id, .result = result});
  }
  return model_from<model::CompletedJobs>(server().post(path, {}, {{"completions", model::to_json(completions)}}),
                                          "POST " + path);
}

void RestApi::manage_status_change(model::Id id, model::JobStatus status, std::int64_t run_id) {
  server().put(fmt::format("/jobs/{}/manage_status_change/{}/{}", id, model::to_string(status), run_id));
}

model::Job RestApi::retry(model::Id id, std::int64_t run_id, Query query, std::optional<std::int64_t> attempt_id) {
  const std::string path = fmt::format("/jobs/{}/retry/{}", id, run_id);
  if (attempt_id && has_capability(model::Capability::retry_attempt)) {
    query.add("attempt_id", *attempt_id);
  }
  return model_from<model::Job>(server().post(path, query), "POST " + path);
}

model::Job RestApi::retry_job(model::Id id, std::int64_t run_id, std::int64_t max_retries,
                              std::optional<std::int64_t> attempt_id) {
  return retry(id, run_id, Query().add("max_retries", max_retries), attempt_id);
}

model::Job RestApi::retry_job_after_time_limit(model::Id id, std::int64_t run_id, std::int64_t most,
                                               std::optional<std::int64_t> attempt_id) {
  return retry(id, run_id, Query().add("max_retries", most).add("reason", std::string("time_limit")), attempt_id);
}

}  // namespace torc::client
