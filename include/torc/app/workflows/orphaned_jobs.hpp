#pragma once

#include <optional>
#include <string>
#include <vector>

#include "torc/client/api.hpp"

namespace torc::app {

/// A job at work of which nobody can be.
struct OrphanedJob {
  model::Job job{};
  std::optional<model::Id> compute_node_id{};  ///< Nothing where the server does not tell whose it is.
  std::string reason{};                        ///< "compute node 3 on ws1 (PID 42) is not active"
};

/// What can be known from here of runners that left without a word.
struct Orphans {
  std::vector<OrphanedJob> jobs{};
  std::vector<model::ComputeNode> dead_nodes{};  ///< Shown as active, though their process on this host is gone.
  std::vector<model::ComputeNode> undecided{};   ///< Active, and did not say which process they are.
};

/// Looks for jobs whose compute node is inactive, or active with a pid of this host that runs no more. Where no compute
/// node of the workflow can be alive, that is every job that is pending or running.
/// @throws base::ApiError
Orphans find_orphans(client::Api& api, model::Id workflow_id);

/// Whether the node says which process its runner is. torc 0.23's `run` always says 1.
bool names_process(const model::ComputeNode& node);

/// Whether the node's process ran on this host and is gone: no such pid, or one that began later, where the node says
/// when its own did.
bool is_dead_here(const model::ComputeNode& node);

}  // namespace torc::app
