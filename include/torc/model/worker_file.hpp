#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "torc/model/worker_address.hpp"

namespace torc::model {

/// Upper limits that a runner accepts.
inline constexpr std::int64_t k_max_cpus = 1'000'000;
inline constexpr std::int64_t k_max_gpus = 10'000;
inline constexpr std::int64_t k_max_parallel_jobs = 100'000;

/// The settings of one worker in a worker file. Absent values: the settings of all workers apply.
struct WorkerSettings {
  std::optional<std::int64_t> cpus{};
  std::optional<double> memory_gb{};
  std::optional<std::int64_t> gpus{};
  std::optional<std::int64_t> max_jobs{};
  std::string dir{};    ///< The worker's output directory.
  std::string shell{};  ///< Runs the jobs' command lines.
  std::map<std::string, std::string> environment{};
  std::vector<std::string> groups{};  ///< Without '@'.

  bool operator==(const WorkerSettings&) const = default;
};

/// The form that servers store: an object with `cpus`, `memory_gb`, `gpus`, `max_jobs`, `dir`, `shell`, `env`, `groups`. Absent
/// settings are omitted.
nlohmann::json to_json(const WorkerSettings& settings);
/// Unknown fields and values of an unexpected type count as absent, because a newer program may have written them.
WorkerSettings worker_settings_from_json(const nlohmann::json& json);

/// The settings in the syntax of a worker file, such as "@gpu cpus=8 memory=32g", or "" if there are none. Values of
/// environment variables are omitted because they may be secret.
std::string describe(const WorkerSettings& settings);

/// One worker of a worker file.
struct WorkerEntry {
  WorkerAddress address{};
  WorkerSettings settings{};

  bool operator==(const WorkerEntry&) const = default;
};

/// Maximum number of workers in a worker file, after expanding ranges.
inline constexpr std::size_t k_max_workers = 10'000;

/// Reads a worker file.
///
/// One worker per line: an address, then settings (`cpus=8 memory=32g gpus=1 max-jobs=4 dir=/scratch/me
/// shell=sh env:NAME=value`; quote values that contain spaces). `node[01-16,20]` is short for several hosts. '#' starts a
/// comment; blank lines are ignored. A line `@gpu` starts a group that contains the workers below it, up to the next
/// line that starts with '@'. Settings after the group's name apply to all workers of the group that do not override
/// them. A line with `@` alone ends the group.
///
/// @param name  The file's name for error messages.
/// @throws base::Error "FILE:LINE: ..." for an invalid address, range or setting, or if a host is listed twice
/// (ignoring user and port); "Worker file 'FILE' contains no valid entries"
std::vector<WorkerEntry> parse_worker_file(std::string_view text, const std::string& name);

}  // namespace torc::model
