#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "torc/client/api.hpp"
#include "torc/proc/fan_out.hpp"
#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::app {

/// The ssh workers of a workflow that an operation acts on.
struct Fleet {
  model::Id workflow_id{0};
  std::vector<remote::Worker> workers{};
  bool is_whole{true};  ///< All workers of the workflow.
};

/// @param hosts  Patterns of --host; empty: all workers. Names and keys are unique among all workers of the workflow.
/// @throws base::Error if a pattern matches no worker
Fleet load_fleet(client::Api& api, model::Id workflow_id, const std::vector<std::string>& hosts);

/// What an operation did on one worker.
template <typename Result>
struct Outcome {
  remote::Worker worker{};
  Result result{};
};

/// One outcome per worker, in the order of the fleet.
template <typename Result>
using Outcomes = std::vector<Outcome<Result>>;

template <typename Result>
Outcomes<Result> pair_with_workers(const Fleet& fleet, std::vector<Result> results) {
  Outcomes<Result> outcomes;
  outcomes.reserve(results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    outcomes.push_back({fleet.workers[i], std::move(results[i])});
  }
  return outcomes;
}

/// Calls `operation(worker)` for all workers, in as many threads as the transport has slots.
template <typename Operation>
auto for_each_worker(const Fleet& fleet, const remote::Transport& transport, Operation&& operation) {
  return pair_with_workers(fleet, proc::fan_out(fleet.workers, transport.width(), std::forward<Operation>(operation)));
}

/// The number of results for which the condition is true.
template <typename Result, typename Condition>
std::size_t count_if(const Outcomes<Result>& outcomes, Condition&& condition) {
  return static_cast<std::size_t>(
      std::count_if(outcomes.begin(), outcomes.end(), [&](const auto& outcome) { return condition(outcome.result); }));
}

}  // namespace torc::app
