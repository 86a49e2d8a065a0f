#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "runner/exchange/result_journal.hpp"
#include "runner/jobs/attempt.hpp"
#include "runner/jobs/capacity.hpp"
#include "runner/jobs/output_checks.hpp"
#include "runner/runner_log.hpp"
#include "torc/client/api.hpp"

namespace torc::runner {

/// The runner's calls to the server about jobs. Every call may be repeated if its answer was lost: no job runs twice or
/// is forgotten because of that.
///
/// Every method throws base::ApiError if the server cannot be reached, or refuses for a reason that does not concern
/// the job; the caller repeats the call later. One thread.
class JobExchange {
 public:
  /// How many jobs to claim, and the resources available for them.
  struct Wanted {
    bool by_count{false};
    std::int64_t limit{0};
    Resources free;
    std::optional<std::string> time_limit;
    std::chrono::seconds wait{0};  ///< How long to wait if no job is ready.
    std::stop_token stop{};        ///< When requested, the claim is abandoned.
  };

  JobExchange(client::Api& api, model::Id workflow_id, std::int64_t run_id, model::Id compute_node_id, RunnerLog& log);

  /// On servers with the capability, claimed jobs have the status running, and `start` has nothing to do.
  std::vector<model::Job> claim(const Wanted& wanted);

  /// Whether `find_lost_claims` can find any.
  bool finds_lost_claims();

  /// Whether a claim can wait for work.
  bool claims_can_wait();

  /// Jobs that the server assigned to a claim whose answer this runner never received, because the connection broke or
  /// because the HTTP library repeated the request. Empty on servers that do not record the claiming compute node.
  std::vector<model::Job> find_lost_claims();
  /// Whether such jobs may exist, because a claim got no answer since the last search.
  bool claims_in_doubt() const { return m_claims_in_doubt; }

  /// Reports the start of a claimed job. @returns false if this runner no longer owns the job
  bool start(const model::Job& job);

  /// The workflow and compute node of the results.
  ResultOwner result_owner() const { return {.workflow_id = m_workflow_id, .compute_node_id = m_compute_node_id}; }

  /// The run in which jobs are started. Changes if the workflow is initialized again.
  std::int64_t run_id() const { return m_run_id; }

  /// Reports the result of a job. A result that the server already has, or refuses for good, needs no further call.
  /// @returns whether the server has the result
  bool complete(const model::Result& result);
  /// Reports several results in one call. @returns for each whether the server has it
  std::vector<bool> complete(const std::vector<model::Result>& results);
  /// Maximum number of results per call.
  std::size_t most_at_once();

  /// The outcome of an attempt to requeue a job.
  enum class RequeueOutcome {
    yes,
    taken,      ///< This runner no longer owns the job.
    too_often,  ///< Time limits of runners have ended it three times already: it still belongs to this runner.
  };
  /// Requeues a claimed or started job.
  /// @param time_is_over  Whether a started job was ended because of the runner's time limit.
  RequeueOutcome requeue(const model::Job& job, bool started, bool time_is_over = false);

  /// Requeues a job that was started in run `run_id`. If another run has begun since (the workflow was canceled and
  /// reset, for instance), the job is left alone unless the server still assigns it to this runner: the attempt ID does
  /// not distinguish it from a job that another runner started in the new run.
  RequeueOutcome requeue_started(const model::Job& job, std::int64_t run_id, bool time_is_over = false);

  /// Requeues a job from the journal of an earlier runner. Does nothing if its run has ended or another runner owns it.
  void requeue(const ResultJournal::Requeue& left);

  /// Requeues a failed job, whose result was not reported, as its next attempt.
  /// @returns false if it has no retries left, or this runner no longer owns it
  bool retry(const model::Job& job, std::int64_t max_retries);

  /// Stores the result of an attempt after which the job was retried. A refusal is only logged.
  void record_attempt(const model::Result& result);

  /// The jobs that, according to the server, this runner has claimed or runs. Servers that do not record the claiming
  /// compute node return only running jobs.
  std::vector<model::Job> jobs_at_work();

  /// Continues as another compute node, and forgets the jobs of the previous one.
  void continue_as(model::Id compute_node_id);

  /// The declared outputs of a job. Files that the server no longer knows are omitted.
  std::vector<DeclaredOutput> declared_outputs(const model::Job& job);

  /// The needs of a job according to its resource requirements.
  JobNeeds needs(const model::Job& job);

 private:
  std::vector<model::Job> claim_once(const Wanted& wanted);
  /// @returns whether the server has the result nevertheless
  bool record_refusal(const model::Result& result, const std::string& why);
  void release(model::Id job_id);
  bool runs_here(model::Id job_id);
  bool is_still(model::JobStatus status, const model::Job& job);
  bool run_has_changed();

  client::Api& m_api;
  model::Id m_workflow_id;
  std::int64_t m_run_id;
  model::Id m_compute_node_id;
  RunnerLog& m_log;
  std::unordered_map<model::Id, JobNeeds> m_needs;
  /// Jobs that this object has returned and that are neither reported nor requeued.
  std::set<model::Id> m_held;
  /// Jobs whose start may have taken effect although its answer was lost.
  std::set<model::Id> m_starts_in_doubt;
  std::unordered_map<model::Id, int> m_refusals;
  bool m_claims_in_doubt{false};
};

}  // namespace torc::runner
