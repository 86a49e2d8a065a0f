#include "cli/print/watch_report.hpp"

#include <fmt/format.h>

#include "cli/print/job_counts_text.hpp"

namespace torc::cli {

int report_watch_end(const app::WatchOutcome& outcome, model::Id workflow_id, bool standalone, const Output& output) {
  using End = app::WatchOutcome::End;
  const auto& jobs = outcome.jobs;
  switch (outcome.end) {
    case End::complete:
      output.line(completed_text(jobs));
      return jobs.failed + jobs.canceled > 0 ? k_exit_failure : k_exit_ok;
    case End::canceled:
      output.line(fmt::format("Workflow {} was canceled", workflow_id));
      return k_exit_failure;
    case End::no_workers:
      output.note(fmt::format("No runner is left, but {} of {} jobs are not done; see 'torc remote status {}'",
                              jobs.left(), jobs.total, workflow_id));
      return k_exit_failure;
    case End::interrupted:
      output.note(
          standalone
              ? "Interrupted: the server ends with this command, so the runners lose their connection to it"
              : fmt::format("Interrupted: the runners continue; stop them with 'torc remote stop {}'", workflow_id));
      return k_exit_failure;
  }
  return k_exit_failure;
}

}  // namespace torc::cli
