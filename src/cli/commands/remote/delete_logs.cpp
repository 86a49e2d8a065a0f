#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/fleet_command.hpp"
#include "cli/options/common_options.hpp"
#include "cli/print/terminal.hpp"
#include "torc/app/fleet/fleet_operations.hpp"
#include "torc/app/fleet/workers.hpp"
#include "torc/base/printable.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  std::optional<std::string> remote_dir{};
  bool yes{false};
  SshSettings ssh{};
};

std::string result_line(const remote::Worker& worker, const remote::DeleteResult& result) {
  if (!result.ok) {
    return fmt::format("  [FAILED] {}: {}", worker.name, base::printable_line(result.message));
  }
  if (result.missing) {
    return fmt::format("  [OK] {}: No output directory found (already clean)", worker.name);
  }
  return fmt::format("  [OK] {}: Deleted {}", worker.name, result.directory);
}

nlohmann::json row(const remote::Worker& worker, const remote::DeleteResult& result) {
  auto json = worker_json(worker, result.ok);
  if (!result.directory.empty()) {
    json["directory"] = result.directory;
  }
  if (!result.ok) {
    json["message"] = result.message;
  } else if (result.missing) {
    json["message"] = "No output directory found (already clean)";
  }
  return json;
}

int run(const Options& options, CommandContext& context) {
  return with_fleet(context, options.workflow_id, options.remote_dir, options.ssh, [&](const app::Fleet& fleet) {
    const Output& output = context.output();
    if (!options.yes && can_ask() &&
        !ask_yes_no(fmt::format("Delete the output of workflow {} on {} worker(s)?", fleet.workflow_id,
                                fleet.workers.size()))) {
      output.note("Nothing was deleted");
      return k_exit_failure;
    }
    const auto workflow = app::workflow_ref(context.api(), fleet.workflow_id);
    output.line(fmt::format("Deleting logs from {} worker(s)...", fleet.workers.size()));
    const auto outcomes = app::delete_logs(workflow, fleet, options.remote_dir.value_or(""),
                                           make_ssh_options(options.ssh), context.stop_on_signal());
    for (const auto& [worker, result] : outcomes) {
      output.line(result_line(worker, result));
    }
    const auto good = app::count_if(outcomes, [](const auto& each) { return each.ok; });
    output.line(fmt::format("\nDeleted logs from {}/{} workers", good, outcomes.size()));
    if (output.json()) {
      output.document(fleet_document(fleet.workflow_id, outcomes, row));
    }
    return good == outcomes.size() ? k_exit_ok : k_exit_failure;
  });
}

}  // namespace

CommandInfo remote_delete_logs_command() {
  auto options = std::make_shared<Options>();
  return {.path = "remote delete-logs",
          .summary = "Delete the output directory on all workers",
          .options = joined({workflow_id_argument(options->workflow_id),
                             {.names = "--remote-output-dir",
                              .target = &options->remote_dir,
                              .value = "DIR",
                              .help = "Output directory on the workers (default: the one of the last start, else "
                                      "torc_output)"},
                             {.names = "-y,--yes", .target = &options->yes, .help = "Do not ask for confirmation"},
                             host_option(options->ssh)},
                            ssh_options(options->ssh)),
          .examples = {{.command = "torc remote delete-logs 42"},
                       {.command = "torc remote delete-logs 42 --remote-output-dir /data/torc_output"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
