#pragma once

#include <cstdint>
#include <vector>

namespace torc::workflow_file {

/// For each vertex of a graph those that must come before it.
using Predecessors = std::vector<std::vector<std::uint32_t>>;

/// A way through the graph that comes back to where it starts, each vertex needing the next one; it starts at the
/// lowest number. Empty where there is none.
std::vector<std::uint32_t> find_cycle(const Predecessors& before);

}  // namespace torc::workflow_file
