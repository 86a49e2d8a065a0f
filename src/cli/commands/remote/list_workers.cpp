#include <fmt/format.h>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/cli/command.hpp"
#include "torc/model/worker_file.hpp"

namespace torc::cli {
namespace {

/// One that another program stored and that is no address is shown as it is.
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

void add_remote_list_workers(Command parent, Action& chosen) {
  auto id = std::make_shared<std::optional<model::Id>>();
  const Command command = parent.subcommand("list-workers", "List the ssh workers of a workflow");
  add_optional_workflow_id(command, *id);
  command.footer(
      "Examples:\n"
      "  torc remote list-workers 42\n"
      "  torc -f json remote list-workers 42\n");
  command.callback([id, &chosen] { chosen = [id](CommandContext& context) { return run(*id, context); }; });
}

}  // namespace torc::cli
