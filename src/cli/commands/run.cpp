#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command_line.hpp"
#include "cli/common_options.hpp"
#include "cli/job_counts.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"
#include "torc/cli/command.hpp"
#include "torc/cli/create_workflow.hpp"
#include "torc/proc/guardian.hpp"
#include "torc/proc/process_tree_guard.hpp"
#include "torc/runner/runner.hpp"
#include "torc/spec/workflow_spec.hpp"

namespace torc::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

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

runner::RunnerOptions runner_options(const RunOptions& options, model::Id workflow_id, Services& services) {
  runner::RunnerOptions result;
  result.workflow_id = workflow_id;
  result.output_directory = options.output_directory;
  result.poll_interval = milliseconds(static_cast<std::int64_t>(options.poll_interval_s * 1000.0));
  result.max_parallel_jobs = options.max_parallel_jobs;
  result.num_cpus = options.num_cpus;
  result.memory_gb = options.memory_gb;
  result.num_gpus = options.num_gpus;
  result.time_limit = time_left(options);
  result.api_url = services.api_url();
  return result;
}

/// A line on a terminal that is written over as jobs end; nothing elsewhere.
class ProgressLine {
 public:
  ProgressLine(std::int64_t total, std::int64_t done_before, bool wanted)
      : m_total(total), m_done_before(done_before), m_shown(wanted && ::isatty(STDERR_FILENO) != 0) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { write("\r\x1b[K"); }

  void show(const runner::RunnerReport& report, std::int64_t running) {
    const auto now = Clock::now();
    if (!m_shown || now < m_next) {
      return;
    }
    m_next = now + milliseconds(100);
    const auto done = m_done_before + report.completed + report.failed;
    write(fmt::format("\r\x1b[K {}/{} jobs  {} running{}", done, m_total, running,
                      report.failed > 0 ? fmt::format("  {} failed", report.failed) : ""));
  }

 private:
  void write(const std::string& text) const {
    if (m_shown) {
      [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    }
  }

  std::int64_t m_total;
  std::int64_t m_done_before;
  bool m_shown;
  Clock::time_point m_next{};
};

/// Why the run ended, where not because all was done.
std::string end_text(model::Id workflow_id, const runner::RunnerReport& report, const JobCounts& counts) {
  if (report.canceled) {
    return "; the workflow was canceled";
  }
  if (report.unfit) {
    return "; job after job could not be started here, so no more were claimed";
  }
  if (report.drained) {
    return "; no more were claimed, as SIGUSR1 asked for";
  }
  if (report.stopped) {
    return fmt::format("; stopped{}, {} jobs given back", report.timed_out ? " at the time limit" : "",
                       report.given_back);
  }
  if (counts.ready > 0) {
    return fmt::format("; {} are ready but need more than this run had to give ('torc jobs list {} --status ready')",
                       counts.ready, workflow_id);
  }
  return counts.left() > 0 ? fmt::format("; {} are not done, and nothing became ready for too long", counts.left())
                           : "";
}

void print(const Output& output, model::Id workflow_id, const runner::RunnerReport& report, const JobCounts& counts,
           milliseconds took, int exit_status) {
  std::string text = fmt::format("{} in {}", completed_text(counts), base::format_duration(took));
  if (counts.failed > 0) {
    text += fmt::format(" (see 'torc results list {} --failed')", workflow_id);
  }
  output.line(text + end_text(workflow_id, report, counts));
  if (output.json()) {
    output.document({{"workflow_id", workflow_id},
                     {"total_jobs", counts.total},
                     {"completed", counts.completed},
                     {"failed", counts.failed},
                     {"canceled_jobs", counts.canceled},
                     {"completed_here", report.completed},
                     {"failed_here", report.failed},
                     {"given_back", report.given_back},
                     {"stopped", report.stopped},
                     {"canceled", report.canceled},
                     {"seconds", static_cast<double>(took.count()) / 1000.0},
                     {"ok", exit_status == k_exit_ok}});
  }
}

/// 1 where jobs failed, or were left although nothing stopped the run.
int exit_status_of(const runner::RunnerReport& report, const JobCounts& counts) {
  const bool given_up = !report.stopped && !report.canceled && !report.drained && counts.left() > 0;
  return counts.failed > 0 || given_up ? k_exit_failure : report.exit_status();
}

int run_workflow(const RunOptions& options, Services& services) {
  proc::split_off_guardian();
  // First of all: what the embedded server starts must not get the signals, either.
  // A second one must not cut short what ends the jobs and gives them back.
  const std::stop_token stop = services.stop_on_signal(proc::FurtherSignals::hasten);
  const auto worker = runner::worker_identity_from_environment();
  time_left(options);  // A mistake is told before a workflow is made.
  const model::Id workflow_id = find_or_create(options, services);
  client::Api& api = services.api();
  if (!worker) {
    initialize_if_new(api, workflow_id, options.skip_checks);  // On a worker the manager has done it.
  }
  auto settings = runner_options(options, workflow_id, services);
  settings.worker = worker;
  settings.haste = services.haste();
  settings.drain = services.drain();

  const proc::ProcessTreeGuard nothing_left_behind;
  const auto started = Clock::now();
  const JobCounts before = worker ? JobCounts{} : count_jobs(api, workflow_id);
  runner::RunnerReport report;
  {
    ProgressLine progress(before.total, before.total - before.left(), !worker && !services.output().json());
    report = runner::run_jobs(api, settings, stop,
                              [&](const auto& now, std::int64_t running) { progress.show(now, running); });
  }
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - started);
  // A worker answers for its own jobs, a local run for the workflow's.
  const JobCounts counts =
      worker
          ? JobCounts{.total = report.completed + report.failed, .completed = report.completed, .failed = report.failed}
          : count_jobs(api, workflow_id);
  const int exit_status = exit_status_of(report, counts);
  print(services.output(), workflow_id, report, counts, took, exit_status);
  return exit_status;
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
  command.callback(
      [options, &chosen] { chosen = [options](Services& services) { return run_workflow(*options, services); }; });
}

}  // namespace torc::cli
