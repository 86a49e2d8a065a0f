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

/// What this process may really use: CPUs of its affinity mask and its cgroup's quota, memory of the machine and its
/// cgroup's limit. At least one CPU. GPUs are those of detect_gpus.
Resources detect_capacity(const CgroupPlaces& cgroups = {});

/// The same with what the options say instead.
/// @param gpus  How many there are.
Resources capacity_from(const RunnerOptions& options, std::size_t gpus);

/// What a job is given, and what it may not exceed.
struct JobNeeds {
  Resources resources{};
  std::optional<std::chrono::seconds> runtime{};  ///< Nothing: as long as it takes.
  std::optional<std::int64_t> memory_bytes{};     ///< Nothing: no limit.
  std::optional<std::int64_t> cpus{};             ///< Its processes get no more at once. Nothing: no limit.

  bool operator==(const JobNeeds&) const = default;
};

/// Memory that cannot be read counts as none. Requirements named "default" are those of jobs that said nothing about
/// what they need: they limit nothing.
JobNeeds needs_of(const model::ResourceRequirements& requirements);

}  // namespace torc::runner
