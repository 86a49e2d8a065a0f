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

/// The runner's dealings with the server about jobs, so that a call whose answer was lost can be made again: no job is
/// run twice because of it, none is forgotten.
///
/// Every method throws base::ApiError when the server cannot be reached or refuses in a way that says nothing about
/// the job; the caller then calls it again later. One thread.
class JobExchange {
 public:
  /// How many claims are asked for, and what there is for them.
  struct Wanted {
    bool by_count{false};
    std::int64_t limit{0};
    Resources free;
    std::optional<std::string> time_limit;
    std::chrono::seconds wait{0};  ///< For work, where there is none.
    std::stop_token stop{};        ///< Requested: the claim is given up.
  };

  JobExchange(client::Api& api, model::Id workflow_id, std::int64_t run_id, model::Id compute_node_id, RunnerLog& log);

  /// Where the server can, the jobs are running at once: `start` has nothing left to do.
  std::vector<model::Job> claim(const Wanted& wanted);

  /// Whether `find_lost_claims` can find any.
  bool finds_lost_claims();

  /// Whether a claim can wait for work.
  bool claims_can_wait();

  /// Jobs that a claim of this runner was given although nobody saw the answer: the connection broke, and the HTTP
  /// library may even have asked a second time by itself. Nothing on servers that do not note who claims.
  std::vector<model::Job> find_lost_claims();
  /// Whether there may be such jobs: a claim got no answer since the last search.
  bool claims_in_doubt() const { return m_claims_in_doubt; }

  /// Tells that a claimed job starts. @returns false if the job is no longer this runner's to start
  bool start(const model::Job& job);

  /// In whose name results are handed in.
  ResultOwner result_owner() const { return {.workflow_id = m_workflow_id, .compute_node_id = m_compute_node_id}; }

  /// The run that jobs are started in. It changes when the workflow is initialised anew meanwhile.
  std::int64_t run_id() const { return m_run_id; }

  /// Hands in how a job ended. A result that the server has already, or does not want any more, counts as handed in.
  /// @returns whether it is (now or since before) on record
  bool complete(const model::Result& result);
  /// The same for several at once. @returns for each whether it is on record
  std::vector<bool> complete(const std::vector<model::Result>& results);
  /// How many results may be handed in together.
  std::size_t most_at_once();

  /// What became of a job that was to be given back.
  enum class RequeueOutcome {
    yes,
    taken,      ///< It is no longer this runner's.
    too_often,  ///< The end of a runner's time ended it three times before: it is still this runner's.
  };
  /// Makes a claimed or started job ready for others.
  /// @param time_is_over  Why, where it was started.
  RequeueOutcome requeue(const model::Job& job, bool started, bool time_is_over = false);

  /// The same for a job that was started in the given run. If another run has begun since (the workflow was canceled
  /// and reset, for instance), the job is left alone unless the server still says that this runner has it: attempts do
  /// not tell it from the one that another runner has started in the new run.
  RequeueOutcome requeue_started(const model::Job& job, std::int64_t run_id, bool time_is_over = false);

  /// The same for one that an earlier runner had. Its run may be over, and the job another's: then nothing happens.
  void requeue(const ResultJournal::Return& left);

  /// Makes a failed job, of which nothing was handed in, ready again as its next attempt.
  /// @returns false where it has been retried as often as it may, or is no longer this runner's
  bool retry(const model::Job& job, std::int64_t max_retries);

  /// Keeps the result of an attempt after which the job was retried. One that the server refuses is nobody's loss.
  void record_attempt(const model::Result& result);

  /// What the server says that this runner has claimed or runs. On servers that do not note who claims: what it runs.
  std::vector<model::Job> jobs_at_work();

  /// From now on as another compute node; what the one so far had is forgotten.
  void continue_as(model::Id compute_node_id);

  /// The files that a job declares to write. A file that the server no longer knows is left out.
  std::vector<DeclaredOutput> declared_outputs(const model::Job& job);

  /// What a job needs, from its resource requirements.
  JobNeeds needs(const model::Job& job);

 private:
  std::vector<model::Job> claim_once(const Wanted& wanted);
  /// @returns whether the result is on record all the same
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
  /// Jobs that this object has handed out and that are not done with.
  std::set<model::Id> m_held;
  /// Jobs whose start may have taken effect although its answer was lost.
  std::set<model::Id> m_starts_in_doubt;
  std::unordered_map<model::Id, int> m_refusals;
  bool m_claims_in_doubt{false};
};

}  // namespace torc::runner
