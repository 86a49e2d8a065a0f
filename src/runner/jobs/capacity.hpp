#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "torc/model/models.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner {

/// CPUs, memory and GPUs: what a runner has, or what a job needs.
struct Resources {
  std::int64_t cpus{0};
  double memory_gb{0};
  std::int64_t gpus{0};

  bool operator==(const Resources&) const = default;
  bool fits_in(const Resources& other) const {
    return cpus <= other.cpus && memory_gb <= other.memory_gb && gpus <= other.gpus;
  }
  Resources& operator+=(const Resources& other);
  Resources& operator-=(const Resources& other);
};

/// The resources that this process may actually use: CPUs of its affinity mask within its cgroup's quota, memory of the
/// machine within its cgroup's limit. At least one CPU. GPUs are not counted here, see detect_gpus.
Resources detect_capacity(const CgroupPlaces& cgroups = {});

/// The detected capacity, with the values of the options in place of detected ones.
/// @param gpus  The number of GPUs detected.
Resources capacity_from(const RunnerOptions& options, std::size_t gpus);

/// The resources reserved for a job, and its limits.
struct JobNeeds {
  Resources resources{};
  std::optional<std::chrono::seconds> runtime{};  ///< No value: unlimited.
  std::optional<std::int64_t> memory_bytes{};     ///< No value: unlimited.
  std::optional<std::int64_t> cpus{};             ///< CPU limit of all its processes together. No value: unlimited.

  bool operator==(const JobNeeds&) const = default;
};

/// Memory that cannot be parsed counts as not specified. Requirements named "default" belong to jobs that do not
/// specify their needs, and set no limits.
JobNeeds needs_of(const model::ResourceRequirements& requirements);

}  // namespace torc::runner
