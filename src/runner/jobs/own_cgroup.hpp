#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "torc/runner/runner.hpp"

namespace torc::runner {

/// The directory of the cgroup v2 that holds this process.
struct OwnCgroup {
  std::filesystem::path directory;
  std::filesystem::path mount;  ///< Where the tree is mounted: `directory`, or above it.
};

/// Nothing where there is no cgroup v2, or where this process's group is outside of what is mounted.
std::optional<OwnCgroup> find_own_cgroup(const CgroupPlaces& places);

/// The directories of the groups that hold this process, innermost first; those whose limits hold for it.
std::vector<std::filesystem::path> cgroup_directories(const CgroupPlaces& places);

}  // namespace torc::runner
