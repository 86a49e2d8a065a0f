#include "runner/jobs/capacity.hpp"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "runner/jobs/own_cgroup.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"

namespace torc::runner {
namespace {

constexpr double k_bytes_per_gb = 1024.0 * 1024.0 * 1024.0;

std::int64_t cpus_of_affinity_mask() {
  // On a machine with more CPUs than the mask holds, the call fails.
  for (int cpus = 1024; cpus <= 1 << 20; cpus *= 4) {
    cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(cpus));
    if (set == nullptr) {
      break;
    }
    const std::size_t size = CPU_ALLOC_SIZE(static_cast<std::size_t>(cpus));
    const int result = ::sched_getaffinity(0, size, set);
    const int count = result == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (count > 0) {
      return count;
    }
  }
  return std::max<std::int64_t>(1, ::sysconf(_SC_NPROCESSORS_ONLN));
}

/// Number of CPUs in a "cpu.max" file: "QUOTA PERIOD" or "max PERIOD".
std::optional<double> cpu_quota(std::string_view text) {
  const auto words = base::split(base::trim(text), ' ');
  if (words.size() != 2) {
    return std::nullopt;
  }
  const auto quota = base::parse_int(words[0]);
  const auto period = base::parse_int(words[1]);
  if (!quota || !period || *period <= 0) {
    return std::nullopt;
  }
  return static_cast<double>(*quota) / static_cast<double>(*period);
}

double machine_memory_gb() {
  const auto pages = static_cast<double>(::sysconf(_SC_PHYS_PAGES));
  return std::max(0.0, pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / k_bytes_per_gb);
}

}  // namespace

Resources& Resources::operator+=(const Resources& other) {
  cpus += other.cpus;
  memory_gb += other.memory_gb;
  gpus += other.gpus;
  return *this;
}

Resources& Resources::operator-=(const Resources& other) {
  cpus -= other.cpus;
  memory_gb -= other.memory_gb;
  gpus -= other.gpus;
  return *this;
}

Resources detect_capacity(const CgroupPlaces& cgroups) {
  Resources found{.cpus = cpus_of_affinity_mask(), .memory_gb = machine_memory_gb()};
  for (const auto& directory : cgroup_directories(cgroups)) {
    if (const auto quota = cpu_quota(base::read_file_or_empty(directory / "cpu.max"))) {
      found.cpus = std::min(found.cpus, static_cast<std::int64_t>(std::ceil(*quota)));
    }
    if (const auto limit = base::parse_int(base::trim(base::read_file_or_empty(directory / "memory.max")))) {
      found.memory_gb = std::min(found.memory_gb, static_cast<double>(*limit) / k_bytes_per_gb);
    }
  }
  found.cpus = std::max<std::int64_t>(1, found.cpus);
  return found;
}

Resources capacity_from(const RunnerOptions& options, std::size_t gpus) {
  Resources capacity = detect_capacity(options.cgroups);
  capacity.cpus = options.num_cpus.value_or(capacity.cpus);
  capacity.memory_gb = options.memory_gb.value_or(capacity.memory_gb);
  capacity.gpus = options.num_gpus.value_or(static_cast<std::int64_t>(gpus));
  return capacity;
}

JobNeeds needs_of(const model::ResourceRequirements& requirements) {
  const auto bytes = base::parse_memory(requirements.memory.value_or(""));
  JobNeeds needs{.resources = {.cpus = requirements.num_cpus.value_or(1),
                               .memory_gb = static_cast<double>(bytes.value_or(0)) / k_bytes_per_gb,
                               .gpus = requirements.num_gpus.value_or(0)}};
  if (requirements.name != "default") {
    needs.memory_bytes = bytes;
    needs.cpus = requirements.num_cpus;
    if (const auto runtime = base::parse_iso_duration(requirements.runtime.value_or(""))) {
      needs.runtime = std::chrono::ceil<std::chrono::seconds>(*runtime);
    }
  }
  return needs;
}

}  // namespace torc::runner
