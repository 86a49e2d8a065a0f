#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "torc/app/progress.hpp"
#include "torc/model/models.hpp"

namespace torc::app {

/// One worker as somebody who watches sees it.
struct WatchedWorker {
  std::string name{};
  std::string stored{};
  std::string host{};
  std::string state{};  ///< As in the JSON of `torc remote status`, or "" while nobody knows.
  std::optional<std::int64_t> pid{};
  std::int64_t running_jobs{0};
  std::optional<double> load{};  ///< Of the last minute: processes that want to run.
  std::optional<std::chrono::milliseconds> heard_ago{};
  std::string message{};
  std::int64_t restarts{0};
  std::string restart_message{};  ///< Why it is not started again, or why the last start failed.
};

/// How a workflow and its workers stand at one time.
struct WatchSnapshot {
  model::Id workflow_id{0};
  Progress progress{};
  std::vector<WatchedWorker> workers{};
};

}  // namespace torc::app
