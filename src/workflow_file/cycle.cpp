#include "workflow_file/cycle.hpp"

#include <algorithm>
#include <cstddef>

namespace torc::workflow_file {
namespace {

using Vertex = std::uint32_t;

/// For each vertex, the number of preceding vertices that can never be done; 0 if the vertex can be done.
std::vector<Vertex> still_waiting(const Predecessors& before) {
  Predecessors after(before.size());
  std::vector<Vertex> waiting(before.size());
  std::vector<Vertex> free;
  for (Vertex i = 0; i < before.size(); ++i) {
    waiting[i] = static_cast<Vertex>(before[i].size());
    if (before[i].empty()) {
      free.push_back(i);
    }
    for (const Vertex other : before[i]) {
      after[other].push_back(i);
    }
  }
  while (!free.empty()) {
    const Vertex vertex = free.back();
    free.pop_back();
    for (const Vertex next : after[vertex]) {
      if (--waiting[next] == 0) {
        free.push_back(next);
      }
    }
  }
  return waiting;
}

}  // namespace

std::vector<Vertex> find_cycle(const Predecessors& before) {
  const std::vector<Vertex> waiting = still_waiting(before);
  const auto start = std::find_if(waiting.begin(), waiting.end(), [](Vertex count) { return count > 0; });
  if (start == waiting.end()) {
    return {};
  }
  // Each waiting vertex has a waiting predecessor, so following the predecessors must lead into a cycle.
  auto vertex = static_cast<Vertex>(start - waiting.begin());
  std::vector<Vertex> path;
  std::vector<bool> visited(before.size(), false);
  while (!visited[vertex]) {
    visited[vertex] = true;
    path.push_back(vertex);
    vertex =
        *std::find_if(before[vertex].begin(), before[vertex].end(), [&](Vertex other) { return waiting[other] > 0; });
  }
  path.erase(path.begin(), std::find(path.begin(), path.end(), vertex));
  std::rotate(path.begin(), std::min_element(path.begin(), path.end()), path.end());
  return path;
}

}  // namespace torc::workflow_file
