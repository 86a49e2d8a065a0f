#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "torc/client/api.hpp"

namespace torc::app {

/// The server's record of the runner of an ssh worker.
struct WorkerNode {
  model::ComputeNode node{};
  std::int64_t running_jobs{0};
};

/// Whether this node is a runner of the worker with this address, as stored.
bool runs_on(const model::ComputeNode& node, const std::string& worker);

/// The latest compute node of each worker, active or not, by the worker's address as stored. Runners of torc 0.23 do
/// not say which worker they are.
/// @throws base::ApiError
std::map<std::string, WorkerNode> latest_worker_nodes(client::Api& api, model::Id workflow_id);

/// Time since the last heartbeat of a node, if it is overdue; std::nullopt if it is not, or if the node sends none.
std::optional<std::chrono::milliseconds> silence_of(const model::ComputeNode& node);

}  // namespace torc::app
