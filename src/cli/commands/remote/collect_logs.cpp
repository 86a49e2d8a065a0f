#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "cli/options/common_options.hpp"
#include "cli/options/max_size_option.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/print/transfer_progress.hpp"
#include "cli/remote_support.hpp"
#include "torc/base/printable.hpp"
#include "torc/remote/logs.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  std::string local_dir{"remote_logs"};
  std::optional<std::string> remote_dir{};
  bool remove{false};
  bool force{false};
  bool extract{false};
  std::optional<std::uint64_t> max_size{};
  SshSettings ssh{};
};

/// Whether all that was asked for was done.
bool is_complete(const remote::CollectResult& result) {
  return result.ok && result.skipped.empty();
}

std::string result_line(const remote::Worker& worker, const remote::CollectResult& result) {
  if (!result.ok) {
    return fmt::format("  [FAILED] {}: {}", worker.name, base::printable_line(result.message));
  }
  if (result.missing) {
    return fmt::format("  [OK] {}: No output directory found", worker.name);
  }
  const std::string skipped = result.skipped.empty() ? ""
                                                     : fmt::format("; {} not unpacked, only in the archive: {}",
                                                                   result.skipped.count(), result.skipped.text());
  return fmt::format("  [{}] {}: Saved to {}{}{}{}", is_complete(result) ? "OK" : "INCOMPLETE", worker.name,
                     result.file, result.extracted.empty() ? "" : ", unpacked in " + result.extracted,
                     result.removed ? " and deleted remote"
                     : result.kept  ? "; deleted remote except for files in use or changed, which were kept"
                                    : "",
                     skipped);
}

nlohmann::json row(const remote::Worker& worker, const remote::CollectResult& result) {
  auto json = worker_json(worker, is_complete(result));
  if (!result.file.empty()) {
    json["file"] = result.file;
  }
  if (!result.extracted.empty()) {
    json["extracted"] = result.extracted;
  }
  for (const auto& [name, list] : {std::pair{"skipped", &result.skipped}, std::pair{"stripped", &result.stripped}}) {
    if (!list->empty()) {
      json[name] = {{"count", list->count()}, {"first", list->texts()}};
    }
  }
  if (result.removed) {
    json["deleted"] = true;
  }
  if (result.missing) {
    json["message"] = "No output directory found";
  } else if (!result.message.empty()) {
    json["message"] = result.message;
  }
  return json;
}

void make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    throw base::Error(fmt::format("cannot make the directory {}: {}", path, error.message()));
  }
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
  make_directory(options.local_dir);
  output.line(fmt::format("{} logs from {} worker(s) to {}...",
                          options.remove ? "Collecting and deleting" : "Collecting", workers.size(),
                          options.local_dir));
  auto transport = make_transport(options.ssh, services);
  std::optional<TransferProgress> progress(std::in_place, options.local_dir, fmt::format("torc_logs_{}_", id),
                                           !output.json());
  const auto results = remote::collect_logs(transport, workers,
                                            {.workflow = workflow_ref(services.api(), id),
                                             .output_dir = options.remote_dir.value_or(""),
                                             .local_dir = options.local_dir,
                                             .remove = options.remove,
                                             .force = options.force,
                                             .extract = options.extract,
                                             .width = options.ssh.max_parallel,
                                             .max_size = options.max_size,
                                             .stop = services.stop_on_signal()});
  progress.reset();  // Its line is gone before the results stand there.
  auto rows = nlohmann::json::array();
  for (std::size_t i = 0; i < workers.size(); ++i) {
    output.line(result_line(workers[i], results[i]));
    if (results[i].ok && !results[i].message.empty() && !output.json()) {
      output.note(fmt::format("{}: {}", workers[i].name, base::printable_line(results[i].message)));
    }
    if (!results[i].stripped.empty() && !output.json()) {
      output.note(fmt::format("{}: unpacked without setuid, setgid and sticky bits: {}", workers[i].name,
                              results[i].stripped.text()));
    }
    rows.push_back(row(workers[i], results[i]));
  }
  const auto good = std::count_if(results.begin(), results.end(), is_complete);
  const auto kept =
      std::count_if(results.begin(), results.end(), [](const auto& r) { return is_complete(r) && r.kept; });
  output.line(fmt::format("\n{} logs from {}/{} workers{}", options.remove ? "Collected and deleted" : "Collected",
                          good - kept, workers.size(),
                          kept == 0 ? "" : fmt::format("; collected from {} more, where files were kept", kept)));
  if (output.json()) {
    output.document(remote_document(id, std::move(rows)));
  }
  return static_cast<std::size_t>(good) == workers.size() ? k_exit_ok : k_exit_failure;
}

}  // namespace

void add_remote_collect_logs(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("collect-logs", "Fetch the output of all workers, an archive from each");
  add_optional_workflow_id(command, options->workflow_id);
  command.option("-l,--local-output-dir", options->local_dir, "Directory here for the archives")
      .type_name("DIR")
      .capture_default_str();
  command
      .option("--remote-output-dir", options->remote_dir,
              "Output directory on the workers (default: the one they were started with, else torc_output)")
      .type_name("DIR");
  const Option remove = command.flag("--delete", options->remove, "Delete it there once its archive is verified here");
  command.flag("--force", options->force, "With --delete: also where a worker runs, or files changed since")
      .needs(remove);
  const Option extract = command.flag("--extract", options->extract, "Unpack each archive into a directory beside it");
  add_max_size_option(command, options->max_size,
                      "With --extract: unpack no archive that takes more room than this, such as 20g (default: 100 "
                      "times the archive's own size, at least 1g)")
      .needs(extract);
  add_host_option(command, options->ssh);
  add_ssh_options(command, options->ssh);
  command.footer(
      "Examples:\n"
      "  torc remote collect-logs 42 -l logs\n"
      "  torc remote collect-logs 42 -l logs --extract && ls logs/torc_logs_42_ws1/job_stdio\n"
      "  torc remote collect-logs 42 --delete\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
