#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "torc/base/strings.hpp"
#include "workflow_file/node.hpp"

namespace torc::workflow_file {

/// Index of an item among those of its kind.
using Index = std::uint32_t;
using NameMap = std::unordered_map<std::string, Index>;

inline constexpr std::size_t k_max_name = 1000;  ///< Maximum length of a name in bytes.

/// The names of one kind of item, with the index of each.
/// @param nodes     The node from which each item was read, for errors.
/// @param singular  The word for one item in messages; `plural` for several.
/// @throws base::Error if a name appears twice, is blank or too long
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

/// " (did you mean 'x'?)", or "".
std::string hint(const std::string& name, const NameMap& names);

}  // namespace torc::workflow_file
