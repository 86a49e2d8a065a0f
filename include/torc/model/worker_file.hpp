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

/// The most of each that a runner takes.
inline constexpr std::int64_t k_most_cpus = 1'000'000;
inline constexpr std::int64_t k_most_gpus = 10'000;
inline constexpr std::int64_t k_most_parallel_jobs = 100'000;

/// What a worker file says of a worker beside its address. Absent: as for all workers.
struct WorkerSettings {
  std::optional<std::int64_t> cpus{};
  std::optional<double> memory_gb{};
  std::optional<std::int64_t> gpus{};
  std::optional<std::int64_t> max_jobs{};
  std::string dir{};  ///< Its output directory.
  std::map<std::string, std::string> environment{};
  std::vector<std::string> groups{};  ///< Without '@'.

  bool operator==(const WorkerSettings&) const = default;
};

/// As servers keep them: an object with `cpus`, `memory_gb`, `gpus`, `max_jobs`, `dir`, `env`, `groups`; what is absent
/// is left out.
nlohmann::json to_json(const WorkerSettings& settings);
/// Unknown fields, and values of another type than expected, count as absent: they may be of a newer program.
WorkerSettings worker_settings_from_json(const nlohmann::json& json);

/// The settings as a worker file has them, "@gpu cpus=8 memory=32g"; "" where there are none. Values of environment
/// variables, which may be nobody's business, are left out.
std::string describe(const WorkerSettings& settings);

/// One worker of a worker file.
struct WorkerEntry {
  WorkerAddress address{};
  WorkerSettings settings{};

  bool operator==(const WorkerEntry&) const = default;
};

/// So many workers a file may list, ranges expanded.
inline constexpr std::size_t k_most_workers = 10'000;

/// Reads a worker file.
///
/// A worker a line: an address, then settings (`cpus=8 memory=32g gpus=1 max-jobs=4 dir=/scratch/me env:NAME=value`, a
/// value with blanks in quotes). `node[01-16,20]` stands for several hosts. '#' starts a comment, blank lines are
/// passed over. A line `@gpu` begins the group of the workers below it, up to the next such line; settings behind the
/// name hold for all of them that do not say otherwise, and a line `@` ends it.
///
/// @param name  How the file is named in errors.
/// @throws base::Error "FILE:LINE: ..." for a bad address, range or setting, or a host that stands twice (user and port
///         left aside); "Worker file 'FILE' contains no valid entries"
std::vector<WorkerEntry> parse_worker_file(std::string_view text, const std::string& name);

}  // namespace torc::model
