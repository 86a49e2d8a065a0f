#include "torc/store/jobs.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/errors.hpp"
#include "server/handlers.hpp"
#include "server/resources/crud.hpp"

namespace torc::server::jobs {
namespace {

/// Responses with a job contain these three fields even if they were never set; responses to claims do not.
void show_unset(model::Job& job) {
  job.invocation_script = job.invocation_script.value_or("");
  job.scheduler_id = job.scheduler_id.value_or(0);
  job.failure_handler_id = job.failure_handler_id.value_or(0);
}

Response shown(model::Job job) {
  show_unset(job);
  return answer(job);
}

Response job_list(const std::vector<model::Job>& jobs) {
  Response response;
  response.body = "{\"jobs\":";
  model::append_json(response.body, jobs);
  response.body += '}';
  return response;
}

store::Claim claim_of(const Request& request, std::int64_t limit) {
  store::Claim claim{
      .workflow_id = request.id(), .limit = limit, .compute_node_id = request.query_int("compute_node_id")};
  if (request.query_flag("start")) {
    claim.start_run = request.query_int("run_id");
    if (!claim.start_run || !claim.compute_node_id) {
      throw RequestError(422,
                         "start=true requires run_id and compute_node_id: which node runs the jobs, and in which run",
                         {{"field", claim.start_run ? "compute_node_id" : "run_id"}});
    }
  }
  return claim;
}

/// The response to a claim. If no job is ready and `wait` asks for it, the response is delayed, as long as jobs can still
/// become ready.
Response claimed(const Request& request, store::Connection& connection, const store::Claim& claim,
                 const std::vector<model::Job>& jobs) {
  /// Clients and proxies may close a connection that is idle for longer than this.
  constexpr std::int64_t k_max_wait_s = 300;
  const auto wait = request.query_int("wait").value_or(0);
  if (wait < 0) {
    throw RequestError(422, fmt::format("wait must be >= 0 seconds, got {}", wait), {{"field", "wait"}});
  }
  auto response = job_list(jobs);
  if (jobs.empty() && wait > 0 && store::may_get_jobs_later(connection, claim)) {
    response.hold = Hold{claim.workflow_id, std::chrono::seconds{std::min(wait, k_max_wait_s)}};
  }
  return response;
}

}  // namespace

Response list(const Request& request, store::Connection& connection) {
  auto filter = workflow_filter(request, connection);
  if (const auto status = request.query_status("status")) {
    store::filter_by_status(filter, *status);
  }
  if (const auto id = request.query_int("needs_file_id")) {
    filter.where("id IN (SELECT job_id FROM job_input_files WHERE file_id = ?)", *id);
  }
  if (const auto id = request.query_int("upstream_job_id")) {
    filter.where("id IN (SELECT job_id FROM job_dependencies WHERE depends_on_job_id = ?)", *id);
  }
  if (const auto id = request.query_int("active_compute_node_id")) {
    store::filter_by_active_node(filter, *id);
  }
  const auto relations = request.query_flag("include_relationships") ? store::Relations::all : store::Relations::none;
  auto page = store::list_jobs(connection, filter, request.paging(), relations);
  for (auto& job : page.items) {
    show_unset(job);
  }
  return answer(page);
}

Response create(const Request& request, store::Connection& connection) {
  auto job = request.read<model::Job>();
  const Id workflow_id = job.workflow_id;
  std::vector<model::Job> jobs;
  jobs.push_back(std::move(job));
  return answer(store::create_jobs(connection, workflow_id, std::move(jobs)).front());
}

Response create_many(const Request& request, store::Connection& connection) {
  const auto& body = request.json();
  if (!body.is_object() || !body.contains("jobs")) {
    model::detail::throw_missing("jobs");
  }
  auto jobs = model::detail::read_value<std::vector<model::Job>>("jobs", body["jobs"]);
  if (jobs.empty()) {
    return job_list(jobs);
  }
  const Id workflow_id = jobs.front().workflow_id;
  for (const auto& job : jobs) {
    if (job.workflow_id != workflow_id) {
      throw RequestError(
          422, fmt::format("All jobs in a batch must have the same workflow_id. Found workflow_ids: {} and {}",
                           workflow_id, job.workflow_id));
    }
  }
  return job_list(store::create_jobs(connection, workflow_id, std::move(jobs)));
}

Response get(const Request& request, store::Connection& connection) {
  return shown(store::get_job(connection, request.id()));
}

Response update(const Request& request, store::Connection& connection) {
  return shown(store::update_job(connection, request.id(), request.read<model::Job>()));
}

Response remove(const Request& request, store::Connection& connection) {
  return shown(store::remove_job(connection, request.id()));
}

Response remove_all(const Request& request, store::Connection& connection) {
  return remove_records<model::Job>(request, connection);
}

Response claim_next(const Request& request, store::Connection& connection) {
  constexpr std::int64_t k_default_limit = 10;
  const auto claim = claim_of(request, request.query_int("limit").value_or(k_default_limit));
  return claimed(request, connection, claim, store::claim_next_jobs(connection, claim));
}

Response claim_by_resources(const Request& request, store::Connection& connection) {
  const auto claim = claim_of(request, request.id("limit"));
  return claimed(request, connection, claim,
                 store::claim_jobs_that_fit(connection, claim, request.read<model::ComputeNodesResources>(),
                                            request.query_flag("strict_scheduler_match")));
}

Response start(const Request& request, store::Connection& connection) {
  return shown(store::start_job(connection, request.id(), request.id("run_id"), request.id("compute_node_id")));
}

Response complete(const Request& request, store::Connection& connection) {
  return shown(store::complete_job(connection, request.id(), request.path_status(), request.id("run_id"),
                                   request.read<model::Result>()));
}

Response complete_many(const Request& request, store::Connection& connection) {
  const auto& body = request.json();
  if (!body.is_object() || !body.contains("completions")) {
    model::detail::throw_missing("completions");
  }
  const auto completions =
      model::detail::read_value<std::vector<model::JobCompletion>>("completions", body["completions"]);
  return answer(store::complete_jobs(connection, request.id(), completions));
}

Response retry(const Request& request, store::Connection& connection) {
  auto reason = store::RetryReason::failure;
  if (const auto word = request.query_text("reason")) {
    if (*word != "failure" && *word != "time_limit") {
      throw RequestError(422, fmt::format("reason: '{}' is neither failure nor time_limit", *word));
    }
    reason = *word == "failure" ? reason : store::RetryReason::time_limit;
  }
  return answer(store::retry_job(connection, request.id(), request.id("run_id"), request.required_int("max_retries"),
                                 reason, request.query_int("attempt_id")));
}

Response change_status(const Request& request, store::Connection& connection) {
  return shown(store::change_job_status(connection, request.id(), request.path_status(), request.id("run_id")));
}

}  // namespace torc::server::jobs
