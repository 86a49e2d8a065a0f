#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "torc/base/strings.hpp"
#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// Which item of its kind: the third job, the first file.
using Index = std::uint32_t;
using NameMap = std::unordered_map<std::string, Index>;

inline constexpr std::size_t k_max_name = 1000;  ///< Bytes of a name.

/// The names of one kind of item, each with its place.
/// @param nodes     What each was read from, for errors.
/// @param singular  What one is called in messages; `plural` what several are.
/// @throws base::Error where a name is there twice, is blank or too long
template <typename Items>
NameMap index_names(const Document& document, const Items& items, const std::vector<const Node*>& nodes,
                    const char* singular, const char* plural) {
  NameMap names;
  names.reserve(items.size());
  for (Index i = 0; i < items.size(); ++i) {
    const std::string& name = items[i].name;
    if (base::trim(name).empty() || name.size() > k_max_name) {
      fail(document, *nodes[i], "the name of a {} must have 1 to {} bytes, found '{}'", singular, k_max_name,
           shown(name));
    }
    const auto [other, added] = names.emplace(name, i);
    if (!added) {
      if (nodes[i] == nodes[other->second]) {
        fail(document, *nodes[i], "its parameters give two {} the name '{}'; use all of them in 'name'", plural,
             shown(name));
      }
      fail(document, *nodes[i], "the {} '{}' is there twice, first at {}", singular, shown(name),
           where(document, *nodes[other->second]));
    }
  }
  return names;
}

/// " (did you mean 'x'?)", or nothing.
std::string hint(const std::string& name, const NameMap& names);

}  // namespace torc::workflow_file
