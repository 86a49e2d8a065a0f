#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/worker_file.hpp"

namespace torc::cli {
namespace {

/// An invalid address that another program stored is shown unchanged.
nlohmann::json row(const model::RemoteWorker& worker) {
  const std::string& stored = worker.worker;
  nlohmann::json result{{"worker", stored}};
  if (worker.settings) {
    result["settings"] = *worker.settings;
  }
  try {
    const auto address = model::WorkerAddress::parse(stored);
    if (!address.user.empty()) {
      result["user"] = address.user;
    }
    result["host"] = address.host;
    if (address.port) {
      result["port"] = *address.port;
    }
  } catch (const base::Error& error) {
    result["message"] = error.what();
  }
  return result;
}

int run(const std::optional<model::Id>& given, CommandContext& context) {
  const Output& output = context.output();
  const model::Id id = context.workflow_id(given);
  const auto workers = context.api().list_remote_workers(id);
  if (workers.empty()) {
    output.line(fmt::format("No remote workers stored for workflow {}", id));
  } else {
    output.line(fmt::format("Remote workers for workflow {} ({} total):", id, workers.size()));
  }
  auto rows = nlohmann::json::array();
  for (const auto& worker : workers) {
    const std::string settings =
        worker.settings ? model::describe(model::worker_settings_from_json(*worker.settings)) : "";
    output.line("  " + base::printable_line(worker.worker) + (settings.empty() ? "" : "  " + settings));
    rows.push_back(row(worker));
  }
  if (output.json()) {
    output.document({{"workflow_id", id}, {"total", workers.size()}, {"workers", std::move(rows)}});
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo remote_list_workers_command() {
  auto workflow_id = std::make_shared<std::optional<model::Id>>();
  return {.path = "remote list-workers",
          .summary = "List the ssh workers of a workflow",
          .options = {workflow_id_argument(*workflow_id)},
          .examples = {{.command = "torc remote list-workers 42"}, {.command = "torc -f json remote list-workers 42"}},
          .run = [workflow_id](CommandContext& context) { return run(*workflow_id, context); }};
}

}  // namespace torc::cli
