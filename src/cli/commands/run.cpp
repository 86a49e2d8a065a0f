#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "cli/command_line.hpp"
#include "cli/common_options.hpp"
#include "cli/run_workflow.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"
#include "torc/cli/create_workflow.hpp"
#include "torc/spec/workflow_spec.hpp"

namespace torc::cli {
namespace {

struct RunOptions {
  std::string spec_or_id;
  std::optional<std::int64_t> max_parallel_jobs;
  std::optional<std::int64_t> num_cpus;
  std::optional<double> memory_gb;
  std::optional<std::int64_t> num_gpus;
  double poll_interval_s{5.0};
  std::string output_directory{"torc_output"};
  std::string time_limit;
  std::string end_time;
  bool skip_checks{false};
};

/// The workflow to run: the one of that number, or a new one from that file.
model::Id find_or_create(const RunOptions& options, Services& services) {
  if (check_id(options.spec_or_id).empty()) {
    return *base::parse_int(options.spec_or_id);
  }
  const auto spec = spec::read_workflow_file(options.spec_or_id);
  runner::make_output_directory(options.output_directory);  // Where that fails, there is no workflow to be left behind.
  const model::Id id = create_workflow(services.api(), spec, {.user = services.user()});
  services.output().line(fmt::format("Created workflow {}", id));
  return id;
}

/// What is left of --time-limit and --end-time, whichever ends first.
std::optional<std::chrono::seconds> time_left(const RunOptions& options) {
  std::optional<std::chrono::seconds> left;
  if (!options.time_limit.empty()) {
    const auto limit = base::parse_iso_duration(options.time_limit);
    if (!limit || limit->count() <= 0) {
      throw base::UsageError("--time-limit: '" + options.time_limit + "' is no ISO 8601 duration such as PT1H");
    }
    left = std::chrono::ceil<std::chrono::seconds>(*limit);
  }
  if (!options.end_time.empty()) {
    const auto end = base::parse_timestamp(options.end_time);
    if (!end) {
      throw base::UsageError("--end-time: '" + options.end_time + "' is no time such as 2026-03-14T15:00:00Z");
    }
    const auto until = std::chrono::ceil<std::chrono::seconds>(*end - std::chrono::system_clock::now());
    if (until.count() <= 0) {
      throw base::UsageError("--end-time: " + options.end_time + " has passed");
    }
    left = left ? std::min(*left, until) : until;
  }
  return left;
}

runner::RunnerOptions runner_options(const RunOptions& options) {
  runner::RunnerOptions result;
  result.output_directory = options.output_directory;
  result.poll_interval = std::chrono::milliseconds(static_cast<std::int64_t>(options.poll_interval_s * 1000.0));
  result.max_parallel_jobs = options.max_parallel_jobs;
  result.num_cpus = options.num_cpus;
  result.memory_gb = options.memory_gb;
  result.num_gpus = options.num_gpus;
  return result;
}

int run(const RunOptions& options, Services& services) {
  prepare_run(services);
  RunRequest request{.runner = runner_options(options), .skip_checks = options.skip_checks};
  request.runner.worker = runner::worker_identity_from_environment();
  time_left(options);  // A mistake is told before a workflow is made.
  request.runner.workflow_id = find_or_create(options, services);
  request.runner.time_limit = time_left(options);
  return run_workflow(services, std::move(request));
}

}  // namespace

void add_run(Command parent, Action& chosen) {
  auto options = std::make_shared<RunOptions>();
  const Command command = parent.subcommand("run", "Run a workflow's jobs on this machine");
  command.option("workflow-spec-or-id", options->spec_or_id, "Workflow file (YAML, JSON), or the id of a workflow")
      .required()
      .type_name("");
  command.option("--max-parallel-jobs", options->max_parallel_jobs, "Run so many jobs at once, whatever they need")
      .range(std::int64_t{1}, std::int64_t{100'000});
  command.option("--num-cpus", options->num_cpus, "CPUs to give out [those this process may use]")
      .range(std::int64_t{1}, std::int64_t{1'000'000});
  command.option("--memory-gb", options->memory_gb, "Memory to give out, in GB [the machine's]").positive();
  command.option("--num-gpus", options->num_gpus, "GPUs to give out [the machine's]")
      .range(std::int64_t{0}, std::int64_t{10'000});
  command.option("-p,--poll-interval", options->poll_interval_s, "Seconds between questions for new jobs [5]")
      .range(0.01, 86'400.0);
  command.option("-o,--output-dir", options->output_directory, "Where output and logs go [torc_output]")
      .check(check_not_empty);
  command.option("--time-limit", options->time_limit, "Stop after this time (ISO 8601: PT1H, PT30M)");
  command.option("--end-time", options->end_time, "Stop at this time (2026-03-14T15:00:00Z)");
  command.flag("--skip-checks", options->skip_checks, "Do not check that input files are there");
  command.footer(
      "Examples:\n"
      "  torc run sweep.yaml                       make a workflow from the file and run it\n"
      "  torc run 42                               run the jobs of workflow 42\n"
      "  torc run 42 --max-parallel-jobs 4         no more than four at once\n"
      "  torc -s run sweep.yaml                    without a server\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
