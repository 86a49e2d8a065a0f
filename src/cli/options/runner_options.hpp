#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/options/time_options.hpp"
#include "cli/parser/command_info.hpp"

namespace torc::cli {

/// The runner settings of `torc run` and `torc remote run`. The latter passes them to `torc run` on each worker, so
/// both accept the same values.
struct RunnerSettings {
  double poll_interval_s{5.0};
  std::optional<std::int64_t> max_parallel_jobs{};
  std::optional<std::int64_t> num_cpus{};
  std::optional<double> memory_gb{};
  std::optional<std::int64_t> num_gpus{};
  std::optional<std::string> shell{};
  TimeOptions times{};
};

/// --max-parallel-jobs, --num-cpus, --memory-gb, --num-gpus, --shell, --poll-interval, and those of time_options
std::vector<OptionInfo> runner_options(RunnerSettings& settings);

/// The same settings for another `torc run`.
std::vector<std::string> words_of(const RunnerSettings& settings);

}  // namespace torc::cli
