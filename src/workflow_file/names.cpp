#include "workflow_file/names.hpp"

#include <algorithm>

namespace torc::workflow_file {

std::string hint(const std::string& name, const NameMap& names) {
  // Searching very many names would take longer than everything else.
  constexpr std::size_t k_candidates = 10'000;
  if (name.size() > k_max_name || names.size() > k_candidates) {
    return {};
  }
  std::vector<std::string> candidates;
  for (const auto& [candidate, index] : names) {
    candidates.push_back(candidate);
  }
  std::sort(candidates.begin(), candidates.end());
  const auto meant = base::closest(name, candidates);
  return meant ? fmt::format(" (did you mean '{}'?)", shown(*meant)) : "";
}

}  // namespace torc::workflow_file
