#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "torc/app/progress.hpp"
#include "torc/model/models.hpp"

namespace torc::app {

/// The state of one worker during a watch.
struct WatchedWorker {
  std::string name{};
  std::string stored{};
  std::string host{};
  std::string state{};  ///< As in the JSON of `torc remote status`, or "" if unknown.
  std::optional<std::int64_t> pid{};
  std::int64_t running_jobs{0};
  std::optional<double> load{};  ///< Load average of the last minute.
  std::optional<std::chrono::milliseconds> heard_ago{};
  std::string message{};
  std::int64_t restarts{0};
  std::string restart_message{};  ///< Why it is not restarted, or why the last restart failed.
};

/// The state of a workflow and its workers at one time.
struct WatchSnapshot {
  model::Id workflow_id{0};
  Progress progress{};
  std::vector<WatchedWorker> workers{};
};

}  // namespace torc::app
