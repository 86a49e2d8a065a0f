#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "runner/jobs/running_jobs.hpp"
#include "torc/model/models.hpp"

namespace torc::runner {

/// An attempt of a job that has ended, and what the server is told of it.
struct Attempt {
  model::Job job{};
  model::Result result{};
  std::string event_type{};  ///< Of an event that says more than the result; empty: no event.
  std::string message{};
  nlohmann::json details = nlohmann::json::object();  ///< More members of the event. Braces would make an array.
};

/// In whose name results are handed in.
struct ResultOwner {
  model::Id workflow_id{0};
  model::Id compute_node_id{0};
};

/// The result of an attempt that has just ended: completed if `return_code` is 0, else failed.
model::Result result_of(const ResultOwner& owner, const model::Job& job, std::int64_t run_id, std::int64_t return_code,
                        std::chrono::duration<double> ran);

/// The attempt of a job that ended by itself or at a limit of its own.
Attempt attempt_of(const ResultOwner& owner, EndedJob&& ended);

}  // namespace torc::runner
