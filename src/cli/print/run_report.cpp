#include "cli/print/run_report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/print/hints.hpp"
#include "cli/print/job_counts_text.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"
#include "torc/model/job_output.hpp"

namespace torc::cli {
namespace {

/// Why the run ended, unless all jobs are done.
std::string end_text(model::Id workflow_id, const std::string& program, const app::RunOutcome& outcome) {
  const auto& report = outcome.report;
  const auto& counts = outcome.counts;
  if (report.canceled) {
    return "; the workflow was canceled";
  }
  if (report.unfit) {
    return "; several jobs in a row could not be started here, so no more were claimed";
  }
  if (report.drained) {
    return "; drained as requested";
  }
  if (report.stopped) {
    return fmt::format("; stopped{}, {} requeued", report.timed_out ? " at the time limit" : "",
                       base::counted(report.requeued, "job"));
  }
  if (counts.ready > 0) {
    return fmt::format("; {} are ready but need more resources than this run has ('{} jobs list {} --status ready')",
                       counts.ready, program, workflow_id);
  }
  return counts.left() > 0
             ? fmt::format("; {} are not done, and no job became ready within the idle time", counts.left())
             : "";
}

/// 1 if jobs failed, or if jobs are left although the run was not stopped.
int exit_status_of(const app::RunOutcome& outcome) {
  const auto& report = outcome.report;
  const bool given_up = !report.stopped && !report.canceled && !report.drained && outcome.counts.left() > 0;
  return outcome.counts.failed > 0 || given_up ? k_exit_failure : report.exit_status();
}

}  // namespace

int report_run(const app::RunOutcome& outcome, model::Id workflow_id, const std::string& output_directory,
               const GlobalOptions& options, const Output& output) {
  const std::string program = program_in_hints(options);
  const auto& report = outcome.report;
  const auto& counts = outcome.counts;
  const int exit_status = exit_status_of(outcome);
  std::string text = fmt::format("{} in {}", completed_text(counts), base::format_duration(outcome.took));
  if (counts.failed > 0) {
    text += fmt::format(" (see '{} results list {} --failed')", program, workflow_id);
  }
  output.line(text + end_text(workflow_id, program, outcome));
  if (counts.failed > 0 && !output_directory.empty()) {
    output.line(fmt::format("Output of the jobs: {}/{}", output_directory, model::k_stdio_directory));
  }
  if (output.json()) {
    output.document({{"workflow_id", workflow_id},
                     {"total_jobs", counts.total},
                     {"completed", counts.completed},
                     {"failed", counts.failed},
                     {"canceled_jobs", counts.canceled},
                     {"completed_here", report.completed},
                     {"failed_here", report.failed},
                     {"given_back", report.requeued},
                     {"stopped", report.stopped},
                     {"canceled", report.canceled},
                     {"timed_out", report.timed_out},
                     {"drained", report.drained},
                     {"unfit", report.unfit},
                     {"seconds", static_cast<double>(outcome.took.count()) / 1000.0},
                     {"ok", exit_status == k_exit_ok}});
  }
  return exit_status;
}

}  // namespace torc::cli
