#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "runner/capacity.hpp"
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
  };

  JobExchange(client::Api& api, model::Id workflow_id, std::int64_t run_id, model::Id compute_node_id, RunnerLog& log);

  std::vector<model::Job> claim(const Wanted& wanted);

  /// Jobs that a claim of this runner was given although nobody saw the answer: the connection broke, and the HTTP
  /// library may even have asked a second time by itself. Nothing on servers that do not note who claims.
  std::vector<model::Job> find_lost_claims();

  /// Tells that a claimed job starts. @returns false if the job is no longer this runner's to start
  bool start(const model::Job& job);

  /// The run that jobs are started in. It changes when the workflow is initialised anew meanwhile.
  std::int64_t run_id() const { return m_run_id; }

  /// Hands in how a job ended. A result that the server has already, or does not want any more, counts as handed in.
  /// @returns whether it is (now or since before) on record
  bool complete(const model::Result& result);

  /// Makes a claimed or started job ready for others.
  void give_back(const model::Job& job, bool started);

  /// What a job needs, from its resource requirements.
  Resources needs(const model::Job& job);

 private:
  bool runs_here(model::Id job_id);
  bool run_has_changed();

  client::Api& m_api;
  model::Id m_workflow_id;
  std::int64_t m_run_id;
  model::Id m_compute_node_id;
  RunnerLog& m_log;
  std::unordered_map<model::Id, Resources> m_needs;
  /// Jobs that this object has handed out and that are not done with.
  std::set<model::Id> m_held;
  /// Jobs whose start may have taken effect although its answer was lost.
  std::set<model::Id> m_starts_in_doubt;
  std::unordered_map<model::Id, int> m_refusals;
};

}  // namespace torc::runner
