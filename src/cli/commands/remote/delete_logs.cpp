#include <algorithm>

#include <fmt/format.h>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/print/terminal.hpp"
#include "cli/remote_support.hpp"
#include "torc/base/printable.hpp"
#include "torc/proc/fan_out.hpp"
#include "torc/remote/logs.hpp"

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

int run(const Options& options, Services& services) {
  const Output& output = services.output();
  if (options.remote_dir) {
    remote::check_remote_directory(*options.remote_dir);
  }
  const model::Id id = services.workflow_id(options.workflow_id);
  const auto workers = stored_workers(services.api(), id, options.ssh.hosts);
  if (workers.empty()) {
    return fail_without_workers(output, id, "Use 'torc remote add-workers' first.");
  }
  if (!options.yes && can_ask() &&
      !ask_yes_no(fmt::format("Delete the output of workflow {} on {} worker(s)?", id, workers.size()))) {
    output.note("Nothing was deleted");
    return k_exit_failure;
  }
  const auto workflow = workflow_ref(services.api(), id);
  auto transport = make_transport(options.ssh, services);
  output.line(fmt::format("Deleting logs from {} worker(s)...", workers.size()));
  const auto results = proc::fan_out(workers, options.ssh.max_parallel, [&](const remote::Worker& worker) {
    return remote::delete_logs(transport, worker, workflow, options.remote_dir.value_or(""));
  });
  auto rows = nlohmann::json::array();
  for (std::size_t i = 0; i < workers.size(); ++i) {
    output.line(result_line(workers[i], results[i]));
    rows.push_back(row(workers[i], results[i]));
  }
  const auto good = std::count_if(results.begin(), results.end(), [](const auto& each) { return each.ok; });
  output.line(fmt::format("\nDeleted logs from {}/{} workers", good, workers.size()));
  if (output.json()) {
    output.document(remote_document(id, std::move(rows)));
  }
  return static_cast<std::size_t>(good) == workers.size() ? k_exit_ok : k_exit_failure;
}

}  // namespace

void add_remote_delete_logs(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("delete-logs", "Delete the output directory on all workers");
  add_optional_workflow_id(command, options->workflow_id);
  command
      .option("--remote-output-dir", options->remote_dir,
              "Output directory on the workers (default: the one they were started with, else torc_output)")
      .type_name("DIR");
  command.flag("-y,--yes", options->yes, "Do not ask on a terminal");
  add_host_option(command, options->ssh);
  add_ssh_options(command, options->ssh);
  command.footer(
      "Examples:\n"
      "  torc remote delete-logs 42\n"
      "  torc remote delete-logs 42 --remote-output-dir /data/torc_output\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
