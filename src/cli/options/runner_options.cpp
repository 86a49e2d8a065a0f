#include "cli/options/runner_options.hpp"

#include <utility>

#include <fmt/format.h>

#include "cli/options/common_options.hpp"
#include "cli/parser/checks.hpp"
#include "torc/model/worker_file.hpp"

namespace torc::cli {

std::vector<OptionInfo> runner_options(RunnerSettings& settings) {
  std::vector<OptionInfo> options{
      {.names = "--max-parallel-jobs",
       .target = &settings.max_parallel_jobs,
       .value = "N",
       .range = Range{1, model::k_max_parallel_jobs},
       .help = "Maximum number of parallel jobs per runner, ignoring resource requirements (default: as many as "
               "resources permit)"},
      {.names = "--num-cpus",
       .target = &settings.num_cpus,
       .value = "N",
       .range = Range{1, model::k_max_cpus},
       .help = "CPUs available for jobs (default: those that the runner may use)"},
      {.names = "--memory-gb",
       .target = &settings.memory_gb,
       .value = "GB",
       .check = check_positive,
       .help = "Memory available for jobs (default: that of the runner's machine)"},
      {.names = "--num-gpus",
       .target = &settings.num_gpus,
       .value = "N",
       .range = Range{0, model::k_max_gpus},
       .help = "GPUs available for jobs (default: those of the runner's machine)"},
      shell_option(settings.shell),
      {.names = "-p,--poll-interval",
       .target = &settings.poll_interval_s,
       .value = "SECONDS",
       .range = Range{0.01, 86'400},
       .default_text = "5",
       .help = "Seconds between polls for new jobs"}};
  return joined(std::move(options), time_options(settings.times));
}

std::vector<std::string> words_of(const RunnerSettings& settings) {
  std::vector<std::string> words{"--poll-interval", fmt::format("{}", settings.poll_interval_s)};
  const auto add = [&](const char* name, const auto& value) {
    if (value) {
      words.emplace_back(name);
      words.push_back(fmt::format("{}", *value));
    }
  };
  add("--max-parallel-jobs", settings.max_parallel_jobs);
  add("--num-cpus", settings.num_cpus);
  add("--memory-gb", settings.memory_gb);
  add("--num-gpus", settings.num_gpus);
  add("--shell", settings.shell);
  const auto times = words_of(settings.times);
  words.insert(words.end(), times.begin(), times.end());
  return words;
}

}  // namespace torc::cli
