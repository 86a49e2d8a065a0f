#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "runner/jobs/running_jobs.hpp"
#include "torc/model/models.hpp"

namespace torc::runner {

/// An attempt that has ended, and the result and event to report for it.
struct Attempt {
  model::Job job{};
  model::Result result{};
  std::string event_type{};  ///< Type of an event with more information than the result; empty: no event.
  std::string message{};
  /// Additional members of the event. Braces would create an array.
  nlohmann::json details = nlohmann::json::object();
};

/// The workflow and compute node that a result belongs to.
struct ResultOwner {
  model::Id workflow_id{0};
  model::Id compute_node_id{0};
};

/// The result of an attempt that has just ended: completed if `return_code` is 0, else failed.
model::Result result_of(const ResultOwner& owner, const model::Job& job, std::int64_t run_id, std::int64_t return_code,
                        std::chrono::duration<double> ran);

/// The attempt of a job that exited, or that exceeded one of its own limits.
Attempt attempt_of(const ResultOwner& owner, EndedJob&& ended);

}  // namespace torc::runner
