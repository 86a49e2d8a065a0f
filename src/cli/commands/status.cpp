#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "cli/print/hints.hpp"
#include "cli/print/workflow_summary.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"

namespace torc::cli {
namespace {

using model::JobStatus;

struct Options {
  std::optional<model::Id> workflow_id{};
};

std::string state_line(const WorkflowSummary& summary) {
  const auto count = [&](JobStatus status) { return summary.jobs.at(status); };
  if (summary.completion.is_canceled) {
    return "Workflow canceled";
  }
  if (!summary.completion.is_complete) {
    return count(JobStatus::uninitialized) == summary.total_jobs ? "Workflow not started" : "Workflow in progress";
  }
  if (count(JobStatus::completed) + count(JobStatus::disabled) == summary.total_jobs) {
    return "Workflow complete";
  }
  return fmt::format("Workflow complete with failures ({} failed, {} terminated, {} canceled)",
                     count(JobStatus::failed), count(JobStatus::terminated), count(JobStatus::canceled));
}

/// The next command for the user; "" if the user can only wait.
std::string next_step(const WorkflowSummary& summary, const std::string& program) {
  const model::Id id = summary.workflow.id.value_or(0);
  const auto count = [&](JobStatus status) { return summary.jobs.at(status); };
  if (summary.completion.is_canceled) {
    return fmt::format(
        "'{} workflows reset-status {} --failed-only --reinitialize' requeues its canceled and failed jobs, and keeps "
        "completed jobs",
        program, id);
  }
  if (summary.total_jobs == 0) {
    return "";
  }
  if (summary.completion.is_complete) {
    const bool clean = count(JobStatus::completed) + count(JobStatus::disabled) == summary.total_jobs;
    return clean ? fmt::format("'{} results list {}' lists the results", program, id)
                 : fmt::format(
                       "'{0} results list {1} --failed' shows the failed jobs; '{0} workflows reset-status {1} "
                       "--failed-only --reinitialize' requeues them",
                       program, id);
  }
  if (summary.active_compute_nodes > 0 || summary.active_scheduled_nodes > 0) {
    return "";
  }
  if (count(JobStatus::uninitialized) + count(JobStatus::ready) > 0) {
    return fmt::format(
        "no runner is active; '{0} run {1}' starts one on this machine, '{0} remote run {1}{2}' on the ssh workers",
        program, id, program == "torc" ? "" : " --wait");
  }
  return fmt::format(
      "no runner is active, although jobs are pending or running; '{} compute-nodes list {}' shows which runners had "
      "them",
      program, id);
}

void print(const WorkflowSummary& summary, const std::string& program, const Output& output) {
  output.line(fmt::format("Workflow ID: {}", summary.workflow.id.value_or(0)));
  output.line(base::printable_line("Name: " + summary.workflow.name));
  output.line(base::printable_line("User: " + summary.workflow.user));
  output.line(fmt::format("\nJob Status (total: {}):", summary.total_jobs));
  for (const auto& [status, count] : summary.jobs) {
    if (count > 0) {
      output.line(fmt::format("  {:<15} {:>8}", fmt::format("{}:", model::to_string(status)), count));
    }
  }
  output.line(fmt::format("\nActive compute nodes: {}", summary.active_compute_nodes));
  if (summary.pending_scheduled_nodes + summary.active_scheduled_nodes > 0) {
    output.line(fmt::format("Scheduled compute nodes: {} pending, {} active", summary.pending_scheduled_nodes,
                            summary.active_scheduled_nodes));
  }
  if (summary.walltime) {
    const auto total = std::chrono::milliseconds(std::llround(summary.exec_time_minutes * 60'000));
    output.line("Total Execution Time: " + base::format_duration(total));
    output.line("Walltime: " + base::format_duration(*summary.walltime));
  }
  output.line("\n" + state_line(summary));
  if (const std::string next = next_step(summary, program); !next.empty()) {
    output.line("Next: " + next);
  }
}

int run(const Options& options, CommandContext& context) {
  const auto summary = summarize_workflow(context.api(), context.workflow_id(options.workflow_id));
  if (context.output().json()) {
    context.output().document(summary_json(summary));
  } else {
    print(summary, program_in_hints(context.options()), context.output());
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo status_command() {
  auto options = std::make_shared<Options>();
  return {.path = "status",
          .summary = "Show the state of a workflow",
          .options = {workflow_id_argument(options->workflow_id)},
          .examples = {{.command = "torc status 42"}, {.command = "torc -f json status 42 | jq .jobs_by_status"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
