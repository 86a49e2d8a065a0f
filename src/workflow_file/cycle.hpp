#pragma once

#include <cstdint>
#include <vector>

namespace torc::workflow_file {

/// For each vertex of a graph, the vertices that must come before it.
using Predecessors = std::vector<std::vector<std::uint32_t>>;

/// Returns a cycle of the graph, in which each vertex needs the next one, starting at its lowest number; empty if there
/// is no cycle.
std::vector<std::uint32_t> find_cycle(const Predecessors& before);

}  // namespace torc::workflow_file
