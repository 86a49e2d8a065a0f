#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "torc/app/workflows/orphaned_jobs.hpp"
#include "torc/app/workflows/requeue_jobs.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  bool dry_run{false};
};

nlohmann::json document_of(const app::OrphanedJob& orphan, bool requeued) {
  nlohmann::json document{{"job_id", orphan.job.id.value_or(0)},
                          {"job_name", orphan.job.name},
                          {"status", model::to_string(orphan.job.status.value_or(model::JobStatus::running))},
                          {"reason", orphan.reason},
                          {"given_back", requeued}};
  if (orphan.compute_node_id) {
    document["compute_node_id"] = *orphan.compute_node_id;
  }
  return document;
}

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  const model::Id id = context.workflow_id(options.workflow_id);
  client::Api& api = context.api();
  api.get_workflow(id);  // report an unknown ID first
  auto orphans = app::find_orphans(api, id);
  const auto requeued_jobs =
      options.dry_run ? std::vector<bool>(orphans.jobs.size()) : app::requeue_orphans(api, id, orphans);
  nlohmann::json jobs = nlohmann::json::array();
  for (std::size_t i = 0; i < orphans.jobs.size(); ++i) {
    const app::OrphanedJob& orphan = orphans.jobs[i];
    const bool requeued = requeued_jobs[i];
    const char* const what = options.dry_run ? "would be requeued"
                             : requeued      ? "is requeued"
                                             : "is not requeued: another runner has claimed it";
    output.line(base::printable_line(
        fmt::format("Job {} ({}) {}: {}", orphan.job.id.value_or(0), orphan.job.name, what, orphan.reason)));
    jobs.push_back(document_of(orphan, requeued));
  }
  for (const auto& node : orphans.undecided) {
    output.note(base::printable_line(
        fmt::format("Note: the runner of compute node {} on {} did not report its process ID (torc 0.23's 'run' does "
                    "not), so it is unknown whether it is running; its jobs are not requeued",
                    node.id.value_or(0), node.hostname)));
  }
  if (orphans.jobs.empty()) {
    output.line("No pending or running job has a runner that is known to have ended");
  }
  if (output.json()) {
    // The first three are fields of torc 0.23, about jobs of Slurm, which this program does not start.
    output.document({{"slurm_jobs_failed", 0},
                     {"pending_allocations_cleaned", 0},
                     {"running_jobs_failed", 0},
                     {"workflow_id", id},
                     {"dry_run", options.dry_run},
                     {"jobs_given_back", std::ranges::count(requeued_jobs, true)},
                     {"compute_nodes_deactivated", options.dry_run ? 0 : orphans.dead_nodes.size()},
                     {"jobs", std::move(jobs)}});
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo workflows_sync_status_command() {
  auto options = std::make_shared<Options>();
  return {.path = "workflows sync-status",
          .summary = "Requeue jobs whose runner has ended",
          .description =
              "Run it on the machine of the runners: it checks whether their processes still exist. A server with "
              "--worker-timeout does this itself, for runners that send heartbeats.",
          .options = {workflow_id_argument(options->workflow_id),
                      {.names = "--dry-run", .target = &options->dry_run, .help = "Only show which jobs these are"}},
          .examples = {{.command = "torc workflows sync-status 42 --dry-run"},
                       {.command = "torc workflows sync-status 42"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
