#include "torc/app/workflows/run_workflow.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "torc/app/reporter.hpp"
#include "torc/app/workflows/create_workflow.hpp"
#include "torc/app/workflows/orphaned_jobs.hpp"
#include "torc/app/workflows/requeue_jobs.hpp"
#include "torc/proc/process_tree_guard.hpp"

namespace torc::app {
namespace {

using Clock = std::chrono::steady_clock;

/// Turns "http://user:password@h:8080/x" into "http://h:8080/x".
std::string without_login(const std::string& url) {
  const auto scheme = url.find("://");
  const auto host = scheme == std::string::npos ? 0 : scheme + 3;
  const auto at = url.rfind('@', url.find('/', host));
  return at == std::string::npos || at < host ? url : url.substr(0, host) + url.substr(at + 1);
}

/// Variables with which a job that calls torc logs in like this command.
std::vector<std::string> credentials_of(const client::Connection& connection) {
  std::vector<std::string> variables;
  if (!connection.password.empty()) {
    variables.push_back("TORC_PASSWORD=" + connection.password);
  }
  if (!connection.cookie_header.empty()) {
    variables.push_back("TORC_COOKIE_HEADER=" + connection.cookie_header);
  }
  if (without_login(connection.url) != connection.url) {
    variables.push_back("TORC_API_URL=" + connection.url);
  }
  return variables;
}

void initialize(client::Api& api, const RunRequest& request) {
  if (request.new_jobs) {
    start_next_run(api, request.runner.workflow_id, /*only_uninitialized=*/true);
  } else if (!request.runner.worker) {
    initialize_if_new(api, request.runner.workflow_id,
                      request.skip_checks);  // For a worker, the manager has done this.
  }
}

/// Requeues the jobs of runners that died on this machine. Only this machine can know that they are not running any
/// more.
void requeue_jobs_of_lost(client::Api& api, model::Id workflow_id, Reporter& reporter) {
  auto orphans = find_orphans(api, workflow_id);
  // A job that was claimed without a compute node may belong to a client other than a runner.
  std::erase_if(orphans.jobs, [](const OrphanedJob& orphan) { return !orphan.compute_node_id; });
  const auto count = std::ranges::count(requeue_orphans(api, workflow_id, orphans), true);
  if (count > 0) {
    reporter.report(JobsOfLostRequeued{.count = count});
  }
}

/// Reports the progress of a run on this machine; reports nothing on a worker.
class ProgressReport {
 public:
  ProgressReport(client::Api& api, const RunRequest& request, Reporter& reporter)
      : m_reporter(reporter), m_is_local(!request.runner.worker) {
    if (m_is_local) {
      const JobCounts before = counts_before(api, request);
      m_reporter.report(RunBegun{.total = before.total, .done_before = before.total - before.left()});
    }
  }
  ProgressReport(const ProgressReport&) = delete;
  ProgressReport& operator=(const ProgressReport&) = delete;
  ~ProgressReport() {
    if (m_is_local) {
      m_reporter.report(RunEnded{});
    }
  }

  void show(const runner::RunnerReport& now, std::int64_t running) {
    if (m_is_local) {
      m_reporter.report(RunProgress{.done = now.completed + now.failed, .running = running, .failed = now.failed});
    }
  }
  void show_stopping() {
    if (m_is_local) {
      m_reporter.report(RunStopping{});
    }
  }

 private:
  /// Does not query the server if the progress is not shown.
  JobCounts counts_before(client::Api& api, const RunRequest& request) const {
    if (request.new_jobs) {
      return {.total = *request.new_jobs};
    }
    return m_reporter.shows_progress() ? count_jobs(api, request.runner.workflow_id) : JobCounts{};
  }

  Reporter& m_reporter;
  bool m_is_local;
};

}  // namespace

RunOutcome run_workflow(client::Api& api, RunRequest request, const ServerAccess& server, Reporter& reporter,
                        const std::stop_token& stop) {
  const model::Id workflow_id = request.runner.workflow_id;
  const bool local = !request.runner.worker;
  initialize(api, request);
  if (!request.new_jobs) {
    runner::deliver_left_results(api, request.runner);  // First, because jobs that have ended are not orphans.
  }
  if (local && !request.new_jobs) {
    requeue_jobs_of_lost(api, workflow_id, reporter);
  }
  // Jobs must not see the password in the URL.
  request.runner.api_url = without_login(server.connection.url);
  request.runner.credentials = credentials_of(server.connection);

  const proc::ProcessTreeGuard nothing_left_behind;
  const auto started = Clock::now();
  RunOutcome outcome;
  {
    ProgressReport progress(api, request, reporter);
    const std::stop_callback tell(stop, [&] { progress.show_stopping(); });
    outcome.report =
        runner::run_jobs(api, request.runner, stop,
                         [&](const runner::RunnerReport& now, std::int64_t running) { progress.show(now, running); });
  }
  outcome.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started);
  const auto& report = outcome.report;
  // A worker reports its own jobs, a local run those of the workflow.
  outcome.counts =
      local ? count_jobs(api, workflow_id)
            : JobCounts{
                  .total = report.completed + report.failed, .completed = report.completed, .failed = report.failed};
  return outcome;
}

}  // namespace torc::app
