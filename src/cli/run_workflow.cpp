#include "cli/run_workflow.hpp"

#include <chrono>
#include <stop_token>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/print/progress_line.hpp"
#include "torc/app/workflows/create_workflow.hpp"
#include "torc/app/workflows/give_back_jobs.hpp"
#include "torc/app/workflows/job_counts.hpp"
#include "torc/app/workflows/orphaned_jobs.hpp"
#include "torc/base/shell_quote.hpp"
#include "torc/base/units.hpp"
#include "torc/cli/arguments.hpp"
#include "torc/proc/guardian.hpp"
#include "torc/proc/process_tree_guard.hpp"

namespace torc::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// How hints call this program, so that they find the workflow.
std::string program_in_hints(const GlobalOptions& options) {
  if (!options.standalone) {
    return "torc";
  }
  return options.database == GlobalOptions{}.database ? "torc -s"
                                                      : "torc -s --db " + base::shell_quote(options.database);
}

/// "http://h:8080/x" of "http://user:word@h:8080/x"
std::string without_login(const std::string& url) {
  const auto scheme = url.find("://");
  const auto host = scheme == std::string::npos ? 0 : scheme + 3;
  const auto at = url.rfind('@', url.find('/', host));
  return at == std::string::npos || at < host ? url : url.substr(0, host) + url.substr(at + 1);
}

/// What a job that calls torc needs to log in as this command does.
std::vector<std::string> credentials_of(Services& services) {
  const auto& connection = services.options().connection;
  std::vector<std::string> variables;
  if (!connection.password.empty()) {
    variables.push_back("TORC_PASSWORD=" + connection.password);
  }
  if (!connection.cookie_header.empty()) {
    variables.push_back("TORC_COOKIE_HEADER=" + connection.cookie_header);
  }
  if (has_login(services.api_url())) {
    variables.push_back("TORC_API_URL=" + services.api_url());
  }
  return variables;
}

/// Why the run ended, where not because all was done.
std::string end_text(const RunRequest& request, const std::string& program, const runner::RunnerReport& report,
                     const app::JobCounts& counts) {
  if (report.canceled) {
    return "; the workflow was canceled";
  }
  if (report.unfit) {
    return "; job after job could not be started here, so no more were claimed";
  }
  if (report.drained) {
    return "; no more were claimed, as it was told";
  }
  if (report.stopped) {
    return fmt::format("; stopped{}, {} jobs given back", report.timed_out ? " at the time limit" : "",
                       report.given_back);
  }
  if (counts.ready > 0) {
    return fmt::format("; {} are ready but need more than this run had to give ('{} jobs list {} --status ready')",
                       counts.ready, program, request.runner.workflow_id);
  }
  return counts.left() > 0 ? fmt::format("; {} are not done, and nothing became ready for too long", counts.left())
                           : "";
}

void print(Services& services, const RunRequest& request, const runner::RunnerReport& report,
           const app::JobCounts& counts, milliseconds took, int exit_status) {
  const Output& output = services.output();
  const std::string program = program_in_hints(services.options());
  const model::Id workflow_id = request.runner.workflow_id;
  std::string text = fmt::format("{} in {}", app::completed_text(counts), base::format_duration(took));
  if (counts.failed > 0) {
    text += fmt::format(" (see '{} results list {} --failed')", program, workflow_id);
  }
  output.line(text + end_text(request, program, report, counts));
  if (counts.failed > 0 && request.tell_output) {
    output.line(fmt::format("Output of the jobs: {}/job_stdio", request.runner.output_directory));
  }
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
                     {"timed_out", report.timed_out},
                     {"drained", report.drained},
                     {"unfit", report.unfit},
                     {"seconds", static_cast<double>(took.count()) / 1000.0},
                     {"ok", exit_status == k_exit_ok}});
  }
}

/// 1 where jobs failed, or were left although nothing stopped the run.
int exit_status_of(const runner::RunnerReport& report, const app::JobCounts& counts) {
  const bool given_up = !report.stopped && !report.canceled && !report.drained && counts.left() > 0;
  return counts.failed > 0 || given_up ? k_exit_failure : report.exit_status();
}

void initialize(client::Api& api, const RunRequest& request) {
  if (request.new_jobs) {
    app::start_next_run(api, request.runner.workflow_id, /*only_uninitialized=*/true);
  } else if (!request.runner.worker) {
    app::initialize_if_new(api, request.runner.workflow_id,
                           request.skip_checks);  // On a worker the manager has done it.
  }
}

/// Jobs of runners that were killed on this machine would stay running: nobody else can know that they do not.
void take_over_orphans(Services& services, model::Id workflow_id) {
  client::Api& api = services.api();
  auto orphans = app::find_orphans(api, workflow_id);
  const std::int64_t run_id = orphans.jobs.empty() ? 0 : api.get_workflow_status(workflow_id).run_id;
  std::int64_t count = 0;
  for (const auto& orphan : orphans.jobs) {
    // One that was claimed without a compute node may be a client's that is no runner.
    count += orphan.compute_node_id && app::give_back_job(api, orphan.job, run_id) ? 1 : 0;
  }
  for (auto& node : orphans.dead_nodes) {
    node.is_active = false;
    api.update_compute_node(node.id.value_or(0), node);
  }
  if (count > 0 && !services.output().json()) {
    services.output().note(fmt::format("{} job(s) of runners that are gone are ready again", count));
  }
}

/// For the progress line; the server is not asked where nobody sees it.
app::JobCounts counts_before(client::Api& api, const RunRequest& request, bool seen) {
  if (request.new_jobs) {
    return {.total = *request.new_jobs};
  }
  return seen ? app::count_jobs(api, request.runner.workflow_id) : app::JobCounts{};
}

runner::RunnerReport run_jobs(Services& services, const RunRequest& request) {
  const bool seen = !request.runner.worker && !services.output().json() && ProgressLine::can_be_seen();
  const app::JobCounts before = counts_before(services.api(), request, seen);
  ProgressLine progress(before.total, before.total - before.left(), seen);
  const auto stop = services.stop_on_signal();
  const std::stop_callback tell{
      stop, [&] {
        if (!request.runner.worker && !services.output().json()) {
          services.output().note(std::string(seen ? "\r\x1b[K" : "") +
                                 "Stopping: ending the running jobs; press Ctrl-C again to kill them");
        }
      }};
  return runner::run_jobs(services.api(), request.runner, services.stop_on_signal(),
                          [&](const runner::RunnerReport& now, std::int64_t running) {
                            progress.show(now.completed + now.failed, running, now.failed);
                          });
}

}  // namespace

void prepare_run(Services& services) {
  proc::split_off_guardian();
  // A second one must not cut short what ends the jobs and gives them back.
  services.stop_on_signal(proc::FurtherSignals::hasten);
}

int run_workflow(Services& services, RunRequest request) {
  client::Api& api = services.api();
  const model::Id workflow_id = request.runner.workflow_id;
  const bool local = !request.runner.worker;
  initialize(api, request);
  if (!request.new_jobs) {
    runner::deliver_left_results(api, request.runner);  // First: jobs that have ended are no orphans.
  }
  if (local && !request.new_jobs) {
    take_over_orphans(services, workflow_id);
  }
  request.runner.api_url = without_login(services.api_url());  // For jobs, whom a password is no business of.
  request.runner.credentials = credentials_of(services);
  request.runner.kill_now = services.haste();
  request.runner.drain = services.drain();

  const proc::ProcessTreeGuard nothing_left_behind;
  const auto started = Clock::now();
  const runner::RunnerReport report = run_jobs(services, request);
  const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - started);
  // A worker answers for its own jobs, a local run for the workflow's.
  const app::JobCounts counts =
      local ? app::count_jobs(api, workflow_id)
            : app::JobCounts{
                  .total = report.completed + report.failed, .completed = report.completed, .failed = report.failed};
  const int exit_status = exit_status_of(report, counts);
  print(services, request, report, counts, took, exit_status);
  return exit_status;
}

}  // namespace torc::cli
