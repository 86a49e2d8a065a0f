#include "runner/exchange/job_exchange.hpp"

#include <algorithm>
#include <limits>
#include <optional>

#include "runner/exchange/server_link.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::runner {
namespace {

/// torc 0.23 answers 500 both for permanent refusals and for temporary errors. After this many, it counts as a refusal.
constexpr int k_max_refusals = 5;
/// On servers that count every `retry`, requeueing a job must not use up its retries.
constexpr std::int64_t k_any_number_of_retries = 2'147'483'647;
/// A job that time limits of runners have ended this often is not requeued again.
constexpr std::int64_t k_max_time_limits = 3;

}  // namespace

JobExchange::JobExchange(client::Api& api, model::Id workflow_id, std::int64_t run_id, model::Id compute_node_id,
                         RunnerLog& log)
    : m_api(api), m_workflow_id(workflow_id), m_run_id(run_id), m_compute_node_id(compute_node_id), m_log(log) {
  for (const auto& requirements : m_api.list_resource_requirements(m_workflow_id).items) {
    m_needs[requirements.id.value_or(0)] = needs_of(requirements);
  }
}

std::vector<model::Job> JobExchange::claim_once(const Wanted& wanted) {
  const client::Claimer claimer{
      .compute_node_id = m_compute_node_id, .start_run = m_run_id, .wait = wanted.wait, .stop = wanted.stop};
  if (wanted.by_count) {
    return m_api.claim_next_jobs(m_workflow_id, wanted.limit, claimer);
  }
  const model::ComputeNodesResources resources{.id = std::nullopt,
                                               .num_cpus = wanted.free.cpus,
                                               .memory_gb = wanted.free.memory_gb,
                                               .num_gpus = wanted.free.gpus,
                                               .num_nodes = 1,
                                               .time_limit = wanted.time_limit,
                                               .scheduler_config_id = std::nullopt};
  return m_api.claim_jobs_based_on_resources(m_workflow_id, wanted.limit, resources, claimer);
}

std::vector<model::Job> JobExchange::claim(const Wanted& wanted) {
  std::vector<model::Job> jobs;
  try {
    jobs = claim_once(wanted);
  } catch (const base::ApiError& error) {
    m_claims_in_doubt = m_claims_in_doubt || is_outage(error);
    if (error.status() != 422 || !run_has_changed()) {
      throw;
    }
    jobs = claim_once(wanted);
  }
  for (const auto& job : jobs) {
    m_held.insert(job.id.value_or(0));
  }
  return jobs;
}

bool JobExchange::claims_can_wait() {
  return m_api.has_capability(model::Capability::claim_wait) &&
         m_api.has_capability(model::Capability::claim_compute_node_id);
}

bool JobExchange::finds_lost_claims() {
  return m_api.has_capability(model::Capability::claim_compute_node_id);
}

std::vector<model::Job> JobExchange::find_lost_claims() {
  if (!finds_lost_claims()) {
    return {};
  }
  std::vector<model::Job> lost;
  for (auto& job : jobs_at_work()) {  // Claimed, or running on servers where claims also start jobs.
    if (m_held.insert(job.id.value_or(0)).second) {
      m_log.info("job {} ({}) was claimed by a call whose answer was lost", job.id.value_or(0), job.name);
      lost.push_back(std::move(job));
    }
  }
  m_claims_in_doubt = false;
  return lost;
}

bool JobExchange::runs_here(model::Id job_id) {
  client::JobFilter mine;
  mine.status = model::JobStatus::running;
  mine.active_compute_node_id = m_compute_node_id;
  const auto running = m_api.list_jobs(m_workflow_id, mine).items;
  return std::any_of(running.begin(), running.end(), [&](const auto& job) { return job.id == job_id; });
}

/// The workflow may have been initialized again while this runner was waiting for jobs.
bool JobExchange::run_has_changed() {
  const auto now = m_api.get_workflow_status(m_workflow_id).run_id;
  if (now == m_run_id) {
    return false;
  }
  m_log.info("run {} of the workflow has begun", now);
  m_run_id = now;
  return true;
}

bool JobExchange::start(const model::Job& job) {
  const model::Id id = job.id.value_or(0);
  if (job.status == model::JobStatus::running) {
    return true;
  }
  try {
    m_api.start_job(id, m_run_id, m_compute_node_id);
    m_starts_in_doubt.erase(id);
    return true;
  } catch (const base::ApiError& error) {
    if (is_outage(error)) {
      m_starts_in_doubt.insert(id);
      throw;
    }
    // The answer to an earlier call may have been lost.
    if (error.status() != 404 && runs_here(id)) {
      m_log.info("job {} ({}) was started by a call whose answer was lost", id, job.name);
      return true;
    }
    if (error.status() != 404 && run_has_changed()) {
      return start(job);
    }
    if (error.status() >= 500 && ++m_refusals[id] < k_max_refusals &&
        m_api.get_job(id).status == model::JobStatus::pending) {
      throw;
    }
    m_log.warning("job {} ({}) is not started: {}", id, job.name, error.what());
    m_held.erase(id);
    m_refusals.erase(id);
    return false;
  }
}

bool JobExchange::complete(const model::Result& result) {
  bool on_record = true;
  try {
    m_api.complete_job(result.job_id, result);
  } catch (const base::ApiError& error) {
    if (is_outage(error)) {
      throw;
    }
    on_record = record_refusal(result, error.what());
    if (!on_record && error.status() >= 500 && ++m_refusals[result.job_id] < k_max_refusals) {
      throw;
    }
  }
  release(result.job_id);
  return on_record;
}

std::size_t JobExchange::most_at_once() {
  constexpr std::size_t k_most = 200;
  return m_api.has_capability(model::Capability::batch_complete_jobs) ? k_most : 1;
}

std::vector<bool> JobExchange::complete(const std::vector<model::Result>& results) {
  if (results.size() == 1) {
    return {complete(results.front())};
  }
  const auto done = m_api.complete_jobs(m_workflow_id, results);
  std::vector<bool> on_record;
  for (const auto& result : results) {
    const auto error = std::find_if(done.errors.begin(), done.errors.end(),
                                    [&](const auto& each) { return each.job_id == result.job_id; });
    on_record.push_back(error == done.errors.end() || record_refusal(result, error->message));
    release(result.job_id);
  }
  return on_record;
}

bool JobExchange::record_refusal(const model::Result& result, const std::string& why) {
  if (base::to_lower(why).find("already complete") != std::string::npos) {
    m_log.info("the result of job {} was already reported: {}", result.job_id, why);
    return true;
  }
  // The job was reset, deleted or assigned to another runner in the meantime, so its result is obsolete.
  m_log.warning("the result of job {} (return code {}) was refused: {}", result.job_id, result.return_code, why);
  return false;
}

void JobExchange::release(model::Id job_id) {
  m_held.erase(job_id);
  m_refusals.erase(job_id);
}

std::vector<model::Job> JobExchange::jobs_at_work() {
  client::JobFilter mine;
  mine.active_compute_node_id = m_compute_node_id;
  mine.include_relationships = true;  // These jobs may be started here, so their declared outputs are needed.
  return m_api.list_jobs(m_workflow_id, mine).items;
}

void JobExchange::continue_as(model::Id compute_node_id) {
  m_compute_node_id = compute_node_id;
  m_held.clear();
  m_starts_in_doubt.clear();
  m_refusals.clear();
  m_claims_in_doubt = false;
}

bool JobExchange::retry(const model::Job& job, std::int64_t max_retries) {
  const model::Id id = job.id.value_or(0);
  try {
    m_api.retry_job(id, m_run_id, max_retries, job.attempt_id);
  } catch (const base::ApiError& error) {
    // torc 0.23 answers 500 to refusals.
    if (is_outage(error)) {
      throw;
    }
    m_log.info("job {} ({}) does not run again: {}", id, job.name, error.what());
    return false;
  }
  release(id);
  return true;
}

void JobExchange::record_attempt(const model::Result& result) {
  try {
    m_api.create_result(result);
  } catch (const base::ApiError& error) {
    if (is_outage(error)) {
      throw;
    }
    // This server and torc 0.23 keep one result per attempt: an earlier call whose answer was lost has stored it.
    m_log.info("the result of attempt {} of job {} was not kept: {}", result.attempt_id.value_or(0), result.job_id,
               error.what());
  }
}

JobExchange::RequeueOutcome JobExchange::requeue(const model::Job& job, bool started, bool time_is_over) {
  const model::Id id = job.id.value_or(0);
  auto outcome = RequeueOutcome::yes;
  try {
    const bool running =
        started || job.status == model::JobStatus::running || (m_starts_in_doubt.contains(id) && runs_here(id));
    if (running && time_is_over && m_api.has_capability(model::Capability::retry_reason)) {
      m_api.retry_job_after_time_limit(id, m_run_id, k_max_time_limits, job.attempt_id);
    } else if (running) {
      m_api.retry_job(id, m_run_id, k_any_number_of_retries, job.attempt_id);
    } else {
      m_api.manage_status_change(id, model::JobStatus::ready, m_run_id);
    }
  } catch (const base::ApiError& error) {
    if (is_outage(error)) {
      throw;
    }
    outcome =
        time_is_over && error.status() == 422 && runs_here(id) ? RequeueOutcome::too_often : RequeueOutcome::taken;
    m_log.warning("job {} ({}) cannot be requeued: {}", id, job.name, error.what());
  }
  m_starts_in_doubt.erase(id);
  m_held.erase(id);
  return outcome;
}

JobExchange::RequeueOutcome JobExchange::requeue_started(const model::Job& job, std::int64_t run_id,
                                                         bool time_is_over) {
  const model::Id id = job.id.value_or(0);
  if (run_id != m_run_id && !runs_here(id)) {
    m_log.info("job {} ({}) of run {} is not requeued: the workflow is in run {}", id, job.name, run_id, m_run_id);
    release(id);
    return RequeueOutcome::taken;
  }
  return requeue(job, true, time_is_over);
}

/// A job of an earlier runner may belong to another runner now: any client can set the status of a job that has not
/// started, and torc 0.23 does not check which attempt is to be retried.
bool JobExchange::is_still(model::JobStatus status, const model::Job& job) {
  try {
    const auto now = m_api.get_job(job.id.value_or(0));
    return now.status == status && now.attempt_id == job.attempt_id;
  } catch (const base::ApiError& error) {
    if (is_outage(error)) {
      throw;
    }
    return false;  // The job was deleted.
  }
}

void JobExchange::requeue(const ResultJournal::Requeue& left) {
  if (left.run_id != m_run_id) {
    m_log.info("job {} ({}) of run {} is not requeued: the workflow is in run {}", left.job.id.value_or(0),
               left.job.name, left.run_id, m_run_id);
    return;
  }
  if (!is_still(left.started ? model::JobStatus::running : model::JobStatus::pending, left.job)) {
    m_log.info("job {} ({}) is not requeued: its state has changed since", left.job.id.value_or(0), left.job.name);
    return;
  }
  if (requeue(left.job, left.started, left.time_is_over) == RequeueOutcome::yes) {
    m_log.info("job {} ({}) of an earlier runner is requeued", left.job.id.value_or(0), left.job.name);
  }
}

std::vector<DeclaredOutput> JobExchange::declared_outputs(const model::Job& job) {
  const auto ids = job.output_file_ids.value_or(std::vector<model::Id>());
  std::unordered_map<model::Id, model::File> files;
  if (ids.size() > 1) {  // One request for all of them.
    for (auto& file : m_api.list_files(m_workflow_id, {.produced_by_job_id = job.id}).items) {
      files.emplace(file.id.value_or(0), std::move(file));
    }
  }
  std::vector<DeclaredOutput> outputs;
  for (const model::Id id : ids) {
    try {
      const auto found = files.find(id);
      auto file = found != files.end() ? std::move(found->second) : m_api.get_file(id);
      outputs.push_back({.name = std::move(file.name), .path = std::move(file.path)});
    } catch (const base::ApiError& error) {
      if (error.status() != 404) {
        throw;
      }
      m_log.warning("job {} ({}): output file {} is not checked: {}", job.id.value_or(0), job.name, id, error.what());
    }
  }
  return outputs;
}

JobNeeds JobExchange::needs(const model::Job& job) {
  if (!job.resource_requirements_id) {
    return {};
  }
  const model::Id id = *job.resource_requirements_id;
  if (const auto it = m_needs.find(id); it != m_needs.end()) {
    return it->second;
  }
  return m_needs[id] = needs_of(m_api.get_resource_requirements(id));
}

}  // namespace torc::runner
