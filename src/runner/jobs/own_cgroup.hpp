#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "torc/runner/runner.hpp"

namespace torc::runner {

/// The directory of the cgroup v2 that holds this process.
struct OwnCgroup {
  std::filesystem::path directory;
  std::filesystem::path mount;  ///< Mount point of the tree: `directory` or one of its parents.
};

/// No value if there is no cgroup v2, or if the group of this process is outside of the mounted tree.
std::optional<OwnCgroup> find_own_cgroup(const CgroupPlaces& places);

/// The directories of the group of this process and of its visible parent groups, innermost first. The limits of all of
/// them apply to this process.
std::vector<std::filesystem::path> cgroup_directories(const CgroupPlaces& places);

}  // namespace torc::runner
