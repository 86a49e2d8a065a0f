// Starting, completing and retrying a claimed job: checks a runner's report against the state of the job.

#include <fmt/format.h>

#include "store/jobs/changed_inputs.hpp"
#include "store/jobs/job_runs.hpp"
#include "store/jobs/transitions.hpp"
#include "store/query.hpp"
#include "store/records/relations.hpp"
#include "store/sql.hpp"
#include "torc/store/compute_nodes.hpp"
#include "torc/store/jobs.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

using model::JobStatus;
using Reason = Refused::Reason;

/// From this many retries on there is no limit: the job is requeued, and its failures are not counted.
constexpr std::int64_t k_unlimited_retries = 2'147'483'647;

/// The state of a job that the rules below depend on.
struct State {
  Id workflow_id;
  JobStatus status;
  std::int64_t attempt_id;
  std::optional<Id> compute_node_id;
  std::int64_t run_id;
  bool is_lost;  ///< It failed because its workers were lost.
};

State state_of(Connection& connection, Id id) {
  Query row = query(connection,
                    "SELECT j.workflow_id, j.status, j.attempt_id, j.compute_node_id, w.run_id, j.losses "
                    "FROM jobs j JOIN workflows w ON w.id = j.workflow_id WHERE j.id = ?",
                    id);
  if (!row.step()) {
    throw Refused(Reason::not_found, fmt::format("Job not found with ID: {}", id));
  }
  const auto status = row.get<JobStatus>(1);
  return {.workflow_id = row.get<Id>(0),
          .status = status,
          .attempt_id = row.get<std::int64_t>(2),
          .compute_node_id = row.get<std::optional<Id>>(3),
          .run_id = row.get<std::int64_t>(4),
          .is_lost = status == JobStatus::failed && row.get<std::int64_t>(5) >= k_max_losses};
}

/// The status as torc 0.23 writes it in messages.
std::string title(JobStatus status) {
  switch (status) {
    case JobStatus::pending:
      return "SubmittedPending";
    case JobStatus::pending_failed:
      return "PendingFailed";
    default: {
      std::string name = to_string(status);
      name[0] = static_cast<char>(name[0] - 'a' + 'A');
      return name;
    }
  }
}

void require_owner(const State& state, Id job_id, Id compute_node_id) {
  const bool at_work = state.status == JobStatus::pending || state.status == JobStatus::running;
  if (at_work && state.compute_node_id && *state.compute_node_id != compute_node_id) {
    throw Refused(Reason::conflict, fmt::format("Job {} belongs to compute node {}, not to {}", job_id,
                                                *state.compute_node_id, compute_node_id));
  }
}

/// Refuses reports about an attempt that has ended for the server.
void require_current(const State& state, Id id, std::optional<std::int64_t> attempt_id) {
  if (attempt_id && *attempt_id != state.attempt_id) {
    throw Refused(Reason::conflict, fmt::format("Job {} is at attempt {}, not {}", id, state.attempt_id, *attempt_id));
  }
  if (state.is_lost) {
    throw Refused(Reason::conflict, fmt::format("Job {} has failed: its workers were lost too often", id));
  }
}

void require_can_end(const State& state, Id id, JobStatus end) {
  if (!model::is_final(end) && end != JobStatus::pending_failed) {
    throw Refused(Reason::unprocessable,
                  fmt::format("Status '{}' is not a terminal status for job completion", to_string(end)));
  }
  if (model::is_final(state.status) || state.status == JobStatus::pending_failed) {
    throw Refused(Reason::unprocessable,
                  fmt::format("Job {} is already complete with status {}", id, title(state.status)));
  }
}

void check_result(const State& state, Id id, const model::Result& result) {
  if (result.job_id != id) {
    throw Refused(Reason::unprocessable,
                  fmt::format("ResultModel job_id {} does not match target job_id {}", result.job_id, id));
  }
  if (result.workflow_id != state.workflow_id) {
    throw Refused(Reason::unprocessable, fmt::format("ResultModel workflow_id {} does not match workflow {} of job {}",
                                                     result.workflow_id, state.workflow_id, id));
  }
}

void tell_ended(Connection& connection, const model::Result& result) {
  connection.changes().ended.insert(result.workflow_id);
  if (!connection.changes().wanted()) {
    return;
  }
  const bool completed = result.status == JobStatus::completed || result.status == JobStatus::disabled;
  const bool failed = result.status == JobStatus::failed || result.status == JobStatus::pending_failed;
  notify(
      connection, result.workflow_id, completed ? "job_completed" : "job_failed",
      completed ? Severity::info
      : failed  ? Severity::error
                : Severity::warning,
      {{"job_id", result.job_id},
       {"job_name", value<std::string>(connection, "SELECT name FROM jobs WHERE id = ?", result.job_id).value_or("")},
       {"return_code", result.return_code},
       {"status", to_string(result.status)}});
}

}  // namespace

void require_run(std::int64_t run_id, std::int64_t current_run_id) {
  if (run_id != current_run_id) {
    throw Refused(Reason::unprocessable,
                  fmt::format("Run ID mismatch: provided {} but workflow status has {}", run_id, current_run_id));
  }
}

void require_node_of(Connection& connection, Id workflow_id, Id compute_node_id) {
  const auto node_workflow =
      value<Id>(connection, "SELECT workflow_id FROM compute_nodes WHERE id = ?", compute_node_id);
  if (node_workflow != workflow_id) {
    throw Refused(Reason::unprocessable,
                  fmt::format("compute node {} does not belong to workflow {}", compute_node_id, workflow_id));
  }
}

void mark_running(Connection& connection, Id job_id, Id compute_node_id) {
  execute(connection, "UPDATE jobs SET status = {running}, compute_node_id = ?, input_hash = ? WHERE id = ?"_sql,
          compute_node_id, input_hash(connection, job_id), job_id);
}

void notify_started(Connection& connection, const model::Job& job, std::int64_t run_id, Id compute_node_id) {
  if (connection.changes().wanted()) {
    notify(connection, job.workflow_id, "job_started", Severity::info,
           {{"compute_node_id", compute_node_id}, {"job_id", *job.id}, {"job_name", job.name}, {"run_id", run_id}});
  }
}

model::Job start_job(Connection& connection, Id id, std::int64_t run_id, Id compute_node_id) {
  const State state = state_of(connection, id);
  require_run(run_id, state.run_id);
  if (state.status != JobStatus::pending) {
    throw Refused(
        Reason::conflict,
        fmt::format("Job {} has invalid status {}. Expected SubmittedPending for job start.", id, title(state.status)));
  }
  require_owner(state, id, compute_node_id);
  require_node_of(connection, state.workflow_id, compute_node_id);
  mark_running(connection, id, compute_node_id);
  record_sign_of_life(connection, state.workflow_id, compute_node_id);
  auto job = get_job(connection, id);
  notify_started(connection, job, run_id, compute_node_id);
  return job;
}

void end_job(Connection& connection, const model::Result& result) {
  const Id result_id = insert(connection, result);
  execute(connection, "UPDATE jobs SET status = ?, result_id = ? WHERE id = ?", result.status, result_id,
          result.job_id);
  if (model::is_final(result.status)) {
    release_dependents(connection, result.job_id, result.status);
  }
  tell_ended(connection, result);
}

model::Job complete_job(Connection& connection, Id id, JobStatus status, std::int64_t run_id, model::Result result) {
  const State state = state_of(connection, id);
  require_current(state, id, result.attempt_id);
  require_can_end(state, id, status);
  require_run(run_id, state.run_id);
  check_result(state, id, result);
  require_owner(state, id, result.compute_node_id);
  if (state.status == JobStatus::uninitialized || state.status == JobStatus::blocked) {
    throw Refused(Reason::unprocessable,
                  fmt::format("Job {} cannot be completed: it is {}", id, to_string(state.status)));
  }
  result.run_id = run_id;
  result.attempt_id = state.attempt_id;
  result.status = status;
  record_sign_of_life(connection, state.workflow_id, result.compute_node_id);
  end_job(connection, result);
  return get_job(connection, id);
}

model::CompletedJobs complete_jobs(Connection& connection, Id workflow_id,
                                   const std::vector<model::JobCompletion>& completions) {
  require_workflow(connection, workflow_id);
  model::CompletedJobs done;
  for (const auto& completion : completions) {
    try {
      const State state = state_of(connection, completion.job_id);
      if (state.workflow_id != workflow_id) {
        throw Refused(Reason::unprocessable,
                      fmt::format("Job {} does not belong to workflow {}", completion.job_id, workflow_id));
      }
      complete_job(connection, completion.job_id, completion.status, completion.run_id, completion.result);
      done.completed.push_back(completion.job_id);
    } catch (const Refused& refused) {
      // Nothing of this job was written, because complete_job checks everything first.
      done.errors.push_back({completion.job_id, refused.what()});
    }
  }
  return done;
}

namespace {

void count_retry(Connection& connection, Id id, std::int64_t max_retries, RetryReason reason) {
  const bool failed = reason == RetryReason::failure;
  if (failed && max_retries >= k_unlimited_retries) {
    return;
  }
  const char* const read =
      failed ? "SELECT failure_retries FROM jobs WHERE id = ?" : "SELECT time_limits FROM jobs WHERE id = ?";
  if (const auto count = value<std::int64_t>(connection, read, id).value_or(0); count >= max_retries) {
    throw Refused(Reason::unprocessable, fmt::format("Job {} was already {} {} times; max_retries is {}", id,
                                                     failed ? "retried" : "ended by time limits", count, max_retries));
  }
  execute(connection,
          failed ? "UPDATE jobs SET failure_retries = failure_retries + 1 WHERE id = ?"
                 : "UPDATE jobs SET time_limits = time_limits + 1 WHERE id = ?",
          id);
}

}  // namespace

bool has_result(Connection& connection, Id job_id, std::int64_t run_id, std::int64_t attempt_id) {
  return value<std::int64_t>(connection, "SELECT 1 FROM results WHERE job_id = ? AND run_id = ? AND attempt_id = ?",
                             job_id, run_id, attempt_id)
      .has_value();
}

model::Job retry_job(Connection& connection, Id id, std::int64_t run_id, std::int64_t max_retries, RetryReason reason,
                     std::optional<std::int64_t> attempt_id) {
  const State state = state_of(connection, id);
  if (attempt_id) {
    require_current(state, id, attempt_id);
  }
  if (run_id != state.run_id) {
    throw Refused(Reason::unprocessable,
                  fmt::format("Run ID mismatch: provided {} but workflow is at run {}", run_id, state.run_id));
  }
  if (state.status != JobStatus::running && state.status != JobStatus::failed &&
      state.status != JobStatus::terminated) {
    throw Refused(Reason::unprocessable,
                  fmt::format("Job cannot be retried: status is {}, must be Running, Failed, or Terminated",
                              title(state.status)));
  }
  count_retry(connection, id, max_retries, reason);
  execute(connection, "UPDATE jobs SET attempt_id = attempt_id + 1, compute_node_id = NULL WHERE id = ?", id);
  set_status(connection, id, state.status, JobStatus::ready);
  auto job = get<model::Job>(connection, id);
  add_event(connection, state.workflow_id,
            {{"event_type", "job_retried"},
             {"job_id", id},
             {"job_name", job.name},
             {"message", fmt::format("Job with name = {} retried: attempt {} -> {}", job.name, state.attempt_id,
                                     state.attempt_id + 1)},
             {"new_attempt", state.attempt_id + 1},
             {"previous_attempt", state.attempt_id},
             {"run_id", run_id}});
  return job;
}

model::Job change_job_status(Connection& connection, Id id, JobStatus status, std::int64_t run_id) {
  const State state = state_of(connection, id);
  require_run(run_id, state.run_id);
  if (model::is_final(status) && status != JobStatus::disabled) {
    throw Refused(
        Reason::unprocessable,
        fmt::format("Cannot set completion status '{}' via manage_status_change. Use complete_job API instead.",
                    to_string(status)));
  }
  if (status != JobStatus::running && status != JobStatus::pending) {
    execute(connection, "UPDATE jobs SET compute_node_id = NULL WHERE id = ?", id);
  }
  set_status(connection, id, state.status, status);
  if (status == JobStatus::blocked) {
    recount_blockers(connection, state.workflow_id);
  }
  return get_job(connection, id);
}

}  // namespace torc::store
