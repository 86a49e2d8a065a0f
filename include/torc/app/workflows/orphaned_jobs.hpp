#pragma once

#include <optional>
#include <string>
#include <vector>

#include "torc/client/api.hpp"

namespace torc::app {

/// A pending or running job that has no live runner.
struct OrphanedJob {
  model::Job job{};
  std::optional<model::Id> compute_node_id{};  ///< Absent if the server does not report it.
  std::string reason{};                        ///< "compute node 3 on ws1 (PID 42) is not active"
};

/// What this host can determine about runners that died.
struct Orphans {
  std::vector<OrphanedJob> jobs{};
  std::vector<model::ComputeNode> dead_nodes{};  ///< Active on the server, but their process on this host is gone.
  std::vector<model::ComputeNode> undecided{};   ///< Active, but their process is not known.
};

/// Finds jobs whose compute node is inactive, or active with a process of this host that no longer exists. If no compute
/// node of the workflow can be alive, these are all pending and running jobs.
/// @throws base::ApiError
Orphans find_orphans(client::Api& api, model::Id workflow_id);

/// Whether the node names its runner's process. The `run` of torc 0.23 always names PID 1.
bool names_process(const model::ComputeNode& node);

/// Whether the node's process ran on this host and is gone: there is no such PID, or it started at another time than the
/// node recorded.
bool is_dead_here(const model::ComputeNode& node);

}  // namespace torc::app
