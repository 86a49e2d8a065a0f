#pragma once

#include <cstdint>

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
/// cgroup's limit, the GPUs that the NVIDIA driver lists. At least one CPU.
Resources detect_capacity();

/// The same with what the options say instead.
Resources capacity_from(const RunnerOptions& options);

/// What a job needs. Memory that cannot be read counts as none.
Resources needs_of(const model::ResourceRequirements& requirements);

}  // namespace torc::runner
